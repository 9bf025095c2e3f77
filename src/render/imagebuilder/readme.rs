//! The page beside the documents: what only the account knows, and who fills it in.

use crate::render::provenance;

/// The same page for every environment.
pub fn page() -> String {
    [provenance::MARKDOWN, PAGE].concat()
}

const PAGE: &str = "
# EC2 Image Builder

`valet-gen bake` sends these requests. In the order in which they are sent:

| file | request | filled in when it is sent |
|---|---|---|
| `component.json` | `CreateComponent` | `data`: the text of `component.yml` |
| `recipe.json` | `CreateImageRecipe` | `components`: one entry with `componentArn` and the parameters below |
| `infrastructure.json` | `CreateInfrastructureConfiguration` | `instanceProfileName`; `subnetId` and `securityGroupIds` unless there is a default VPC |
| `distribution.json` | `CreateDistributionConfiguration` | `kmsKeyId` in each region, if the image is shared: one under the account's default key cannot be. Terraform makes `alias/<fleet>-<environment>-image` there |
| `image.json` | `CreateImage` | `imageRecipeArn`, `infrastructureConfigurationArn`, `distributionConfigurationArn` |

Every request needs a `clientToken` of its own for each attempt.

## Parameters of the component

| parameter | form | value |
|---|---|---|
| `BundleUri` | `s3://<bucket>/<key>` | the bundle, under a key that holds its digest |
| `BundleSha256` | 64 hexadecimal digits | the bundle's SHA-256 |
| `ReportUri` | `s3://<bucket>/reports/<bake>` | where the build host puts `verify.json` and `sbom.cdx.json` |

The bundle is a tar.zst of `image/`, with its payload, and of `cloudwatch/`. The instance profile's role has to
read it, and to write below `reports/`: `EC2InstanceProfileForImageBuilder` reads only buckets whose names begin with `ec2imagebuilder`.

## Versions

A version is the first 90 bits of the SHA-256 of what it is a version of, as three numbers of 30 bits: the same
content is the same version, other content another. It is worked out again when members are filled in. The numbers
have no order, so `x.x.x` must not be asked for.

## What the documents cannot say

- The metadata options hold for the instances that make and test the image. The image itself gets IMDSv2 by
  `ModifyImageAttribute`, `imdsSupport=v2.0`, in every region.
- Image Builder takes tags whose keys are plain ASCII, and 30 of them for what it launches. Other tags of fleet.toml
  are left out here; EC2 takes them.
- The tag `valet:status` is `building` until an image is promoted.
";
