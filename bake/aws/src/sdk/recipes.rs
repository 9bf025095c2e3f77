//! Recipes of bakes: every bake that has begun to build has one, on whatever machine it was begun.

use super::clients::AwsClients;
use super::refusal::refusal;
use crate::error::AwsError;
use crate::tags;

/// The recipe of a bake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    pub arn: String,
    pub bake_id: String,
    pub source_ami: String,
    pub bundle_sha256: String,
    /// RFC 3339.
    pub created: String,
}

impl Recipe {
    /// The version of the image that is made by it.
    pub fn image_version_arn(&self) -> String {
        self.arn.replacen(":image-recipe/", ":image/", 1)
    }
}

/// The recipes of this name that bakes have made.
pub async fn recipes_named(account: &AwsClients, name: &str) -> Result<Vec<Recipe>, AwsError> {
    let client = account.image_builder();
    let by_name = aws_sdk_imagebuilder::types::Filter::builder()
        .name("name")
        .values(name)
        .build();
    let mut recipes = Vec::new();
    let mut token = None;
    loop {
        let call = client
            .list_image_recipes()
            .filters(by_name.clone())
            .set_next_token(token);
        let page = call
            .send()
            .await
            .map_err(|error| refusal("imagebuilder:ListImageRecipes", &error))?;
        for recipe in page.image_recipe_summary_list() {
            let tag = |key: &str| recipe.tags().and_then(|tags| tags.get(key)).cloned();
            let (Some(bake_id), Some(arn)) = (tag(tags::BAKE_ID), recipe.arn()) else {
                continue;
            };
            recipes.push(Recipe {
                arn: arn.to_owned(),
                bake_id,
                source_ami: recipe.parent_image().unwrap_or_default().to_owned(),
                bundle_sha256: tag(tags::BUNDLE_SHA256).unwrap_or_default(),
                created: recipe.date_created().unwrap_or_default().to_owned(),
            });
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(recipes);
        }
    }
}
