//! Folders before and after.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::{TempDir, tempdir};
use valet_gen::render::FileSet;
use valet_gen::write::{
    MANIFEST, OwnFiles, Rendering, Scope, WriteError, WriteOptions, WriteSummary, write,
};

/// A rendering of these files.
pub fn files(of: &[(&str, &str)]) -> FileSet {
    of.iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

/// The text of every file below a folder by its path. What a symbolic link leads to is not read:
/// its text is `-> target`.
pub fn texts(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut |path, file| {
        let text = match fs::read_link(file) {
            Ok(target) => format!("-> {}", target.display()),
            Err(_) => String::from_utf8(fs::read(file).expect("readable")).expect("UTF-8"),
        };
        found.insert(path, text);
    });
    found
}

/// The same without the manifest.
pub fn rendered_texts(folder: &Path) -> BTreeMap<String, String> {
    let mut found = texts(folder);
    found.remove("MANIFEST.json");
    found
}

/// What tells whether a file or a folder was touched: its inode and the time of its last change.
pub type Identity = (u64, i64, i64, i64, i64);

/// The identity of every file and folder, the folder itself among them.
pub fn identities(folder: &Path) -> BTreeMap<String, Identity> {
    let mut found = BTreeMap::new();
    let identity = |path: &Path| {
        let metadata = fs::symlink_metadata(path).expect("there");
        (
            metadata.ino(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        )
    };
    found.insert(".".to_owned(), identity(folder));
    walk_all(folder, folder, &mut |path, file| {
        found.insert(path, identity(file));
    });
    found
}

/// Every path below a folder, folders among them.
pub fn paths(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    walk_all(folder, folder, &mut |path, _| found.push(path));
    found.sort();
    found
}

fn walk(root: &Path, folder: &Path, visit: &mut impl FnMut(String, &Path)) {
    walk_all(root, folder, &mut |path, at| {
        if at.is_symlink() || !at.is_dir() {
            visit(path, at);
        }
    });
}

fn walk_all(root: &Path, folder: &Path, visit: &mut dyn FnMut(String, &Path)) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let below = path.strip_prefix(root).expect("below");
        visit(below.to_str().expect("UTF-8").to_owned(), &path);
        if path.is_dir() && !path.is_symlink() {
            walk_all(root, &path, visit);
        }
    }
}

/// A folder in which an output folder may come to be, with something beside it that is nobody's.
pub struct OutputFixture {
    pub whole: TempDir,
}

impl Default for OutputFixture {
    fn default() -> Self {
        let whole = tempdir().expect("a folder");
        fs::create_dir(whole.path().join("outside")).expect("made");
        fs::write(whole.path().join("outside/precious.tf"), "precious\n").expect("written");
        Self { whole }
    }
}

impl OutputFixture {
    /// One in which nothing has been rendered.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One in which these files have been rendered.
    pub fn with(rendered: &FileSet) -> Self {
        let fixture = Self::new();
        fixture.write(rendered).expect("written");
        fixture
    }

    pub fn out(&self) -> PathBuf {
        self.whole.path().join("generated")
    }

    /// The manifest that was written last.
    pub fn manifest(&self) -> Value {
        let text = fs::read_to_string(self.out().join(MANIFEST)).expect("there");
        serde_json::from_str(&text).expect("JSON")
    }

    pub fn outside(&self) -> PathBuf {
        self.whole.path().join("outside")
    }

    pub fn put(&self, path: &str, text: &str) {
        let file = self.out().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, text).expect("written");
    }

    pub fn write(&self, rendered: &FileSet) -> Result<WriteCounts, WriteError> {
        self.write_with(rendered, Scope::Everything, WriteOptions::default())
    }

    pub fn force(&self, rendered: &FileSet) -> Result<WriteCounts, WriteError> {
        let options = WriteOptions {
            force: true,
            ..WriteOptions::default()
        };
        self.write_with(rendered, Scope::Everything, options)
    }

    pub fn prune(&self, rendered: &FileSet) -> Result<WriteCounts, WriteError> {
        let options = WriteOptions {
            prune: true,
            ..WriteOptions::default()
        };
        self.write_with(rendered, Scope::Everything, options)
    }

    pub fn write_scope(
        &self,
        rendered: &FileSet,
        scope: Scope<'_>,
    ) -> Result<WriteCounts, WriteError> {
        self.write_with(rendered, scope, WriteOptions::default())
    }

    fn write_with(
        &self,
        rendered: &FileSet,
        scope: Scope<'_>,
        options: WriteOptions,
    ) -> Result<WriteCounts, WriteError> {
        let own_files = OwnFiles::default();
        let rendering = Rendering {
            scope,
            ..rendering_of(rendered, &own_files)
        };
        write(&self.out(), &rendering, options).map(WriteCounts::from)
    }

    pub fn assert_outside_is_untouched(&self) {
        let outside = texts(&self.outside());
        assert_eq!(
            outside.into_iter().collect::<Vec<_>>(),
            [("precious.tf".to_owned(), "precious\n".to_owned())]
        );
    }
}

/// Two environments, one of them with a folder of its own.
pub fn three() -> FileSet {
    files(&[
        ("account/main.tf", "account\n"),
        ("staging/RUNBOOKS.md", "runbooks\n"),
        ("staging/terraform/main.tf", "staging\n"),
    ])
}

/// A rendering of everything, of a fleet called `fleet`.
pub fn rendering_of<'r>(files: &'r FileSet, own_files: &'r OwnFiles) -> Rendering<'r> {
    Rendering {
        fleet: "fleet",
        files,
        scope: Scope::Everything,
        own_files,
    }
}

/// How many files a write created, updated, removed and left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteCounts(usize, usize, usize, usize);

impl From<WriteSummary> for WriteCounts {
    fn from(summary: WriteSummary) -> Self {
        Self(
            summary.created.len(),
            summary.updated.len(),
            summary.removed.len(),
            summary.unchanged,
        )
    }
}

/// What a write did, in the order of its words.
pub fn summary(created: usize, updated: usize, removed: usize, unchanged: usize) -> WriteCounts {
    WriteCounts(created, updated, removed, unchanged)
}
