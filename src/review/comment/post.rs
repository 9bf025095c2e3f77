//! Creates or updates the one comment of a target. GitHub has no write that depends on what is there,
//! so everything is looked at right before and right after it is written.

use super::github::{Client, Comment, GithubError, PullRequest};
use super::marker::{Marker, RunOrder};

/// What became of the comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    Created(String),
    Updated(String),
    /// A newer run has written it already.
    NewerThere(String),
    /// There is nothing to say, and nothing was said before.
    NothingToSay,
}

/// What is to be posted.
pub struct Post<'a> {
    pub pull_request: &'a PullRequest,
    pub marker: &'a Marker,
    /// The text, the marker in its first line.
    pub body: &'a str,
    /// Whether there is anything to say. Without, an older comment is updated and none is created.
    pub has_changes: bool,
    /// Who writes these comments, such as `github-actions[bot]`. What anybody else wrote is not
    /// looked at, whatever its first line says.
    pub author: &'a str,
}

/// How often a comment is written again that an older run wrote over meanwhile.
const MAX_REWRITES: usize = 3;

/// Creates or updates the comment.
///
/// # Errors
/// What GitHub says.
pub fn post(client: &Client, post: &Post<'_>) -> Result<Posted, GithubError> {
    let ours = post.ours(client, post.author)?;
    if let Some(newer) = post.newer(&ours) {
        return Ok(Posted::NewerThere(newer.html_url.clone()));
    }
    let Some(first) = ours.first() else {
        if !post.has_changes {
            return Ok(Posted::NothingToSay);
        }
        return post.create(client);
    };
    let posted = match post.update(client, first.id)? {
        Some(posted) => posted,
        // Somebody deleted it meanwhile, and wants it no more than before.
        None => post.create(client)?,
    };
    for other in &ours[1..] {
        client.delete(post.pull_request, other.id)?;
    }
    Ok(posted)
}

impl Post<'_> {
    /// Comments of this target by an author, the oldest first.
    fn ours(&self, client: &Client, author: &str) -> Result<Vec<Comment>, GithubError> {
        let mut comments = client.comments(self.pull_request)?;
        comments.retain(|comment| {
            let by = comment.user.as_ref().map(|user| user.login.as_str());
            by == Some(author) && marker(comment).is_some_and(|it| it.target == self.marker.target)
        });
        Ok(comments)
    }

    fn newer<'c>(&self, comments: &'c [Comment]) -> Option<&'c Comment> {
        comments.iter().find(|comment| self.is_older_than(comment))
    }

    fn is_older_than(&self, comment: &Comment) -> bool {
        marker(comment).is_some_and(|it| it.against(self.marker) == RunOrder::Newer)
    }

    /// Creates the comment, and makes one of two where another run created one at the same time: the
    /// oldest stays, with the newest text.
    fn create(&self, client: &Client) -> Result<Posted, GithubError> {
        let created = client.create(self.pull_request, self.body)?;
        let author = created.user.as_ref().map(|user| user.login.clone());
        let author = author.as_deref().unwrap_or(self.author);
        let all = self.ours(client, author)?;
        let Some(first) = all.first().filter(|first| first.id != created.id) else {
            return Ok(Posted::Created(created.html_url));
        };
        let posted = if let Some(newer) = self.newer(&all) {
            Posted::NewerThere(newer.html_url.clone())
        } else {
            match self.update(client, first.id)? {
                Some(posted) => posted,
                // It is gone, so that ours is the only one.
                None => return Ok(Posted::Created(created.html_url)),
            }
        };
        client.delete(self.pull_request, created.id)?;
        Ok(posted)
    }

    /// Updates a comment, unless a newer run has; `None` where it is gone.
    fn update(&self, client: &Client, id: u64) -> Result<Option<Posted>, GithubError> {
        for _ in 0..MAX_REWRITES {
            let Some(now) = client.comment(self.pull_request, id)? else {
                return Ok(None);
            };
            if self.is_older_than(&now) {
                return Ok(Some(Posted::NewerThere(now.html_url)));
            }
            if now.body.as_deref() == Some(self.body) {
                return Ok(Some(Posted::Updated(now.html_url)));
            }
            let Some(written) = client.update(self.pull_request, id, self.body)? else {
                return Ok(None);
            };
            let after = client.comment(self.pull_request, id)?;
            let is_there = after.is_none_or(|after| {
                marker(&after).as_ref() == Some(self.marker) || self.is_older_than(&after)
            });
            if is_there {
                return Ok(Some(Posted::Updated(written.html_url)));
            }
        }
        Err(GithubError {
            status: None,
            problem: "another run writes the same comment again and again".to_owned(),
            help: "give the workflow a `concurrency` group".to_owned(),
        })
    }
}

fn marker(comment: &Comment) -> Option<Marker> {
    Marker::parse(comment.body.as_deref()?)
}
