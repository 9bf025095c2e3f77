//! Where a build runs, and where its image goes.

use aws_sdk_imagebuilder::types as ib;

use super::documents::{AmiDistribution, Distribution, Infrastructure, read};
use super::made::{incomplete, made};
use crate::bake_id::BakeId;
use crate::error::AwsError;
use crate::image_documents::Filled;
use crate::sdk::journal_writer::JournalWriter;
use crate::sdk::refusal::{is_missing, refusal};

pub async fn infrastructure(
    client: &aws_sdk_imagebuilder::Client,
    record: &mut JournalWriter,
    id: &BakeId,
    filled: &Filled,
) -> Result<(), AwsError> {
    let arn = &filled.infrastructure_arn;
    match client
        .get_infrastructure_configuration()
        .infrastructure_configuration_arn(arn)
        .send()
        .await
    {
        Ok(_) => return Ok(()),
        Err(error) if is_missing(&error) => {}
        Err(error) => {
            return Err(refusal(
                "imagebuilder:GetInfrastructureConfiguration",
                &error,
            ));
        }
    }
    let Infrastructure {
        name,
        description,
        instance_types,
        instance_profile_name,
        subnet_id,
        security_group_ids,
        terminate_instance_on_failure,
        instance_metadata_options,
        resource_tags,
        tags,
    } = read("infrastructure.json", &filled.infrastructure)?;
    let metadata = ib::InstanceMetadataOptions::builder()
        .http_tokens(instance_metadata_options.http_tokens)
        .http_put_response_hop_limit(instance_metadata_options.http_put_response_hop_limit)
        .build();
    record.intent("CreateInfrastructureConfiguration", arn)?;
    let sent = client
        .create_infrastructure_configuration()
        .name(name)
        .description(description)
        .set_instance_types(Some(instance_types))
        .instance_profile_name(instance_profile_name)
        .subnet_id(subnet_id)
        .set_security_group_ids(Some(security_group_ids))
        .terminate_instance_on_failure(terminate_instance_on_failure)
        .instance_metadata_options(metadata)
        .set_resource_tags(Some(resource_tags))
        .set_tags(Some(tags))
        .client_token(id.client_token("CreateInfrastructureConfiguration", 1))
        .send()
        .await;
    let sent = sent.map(|answer| answer.infrastructure_configuration_arn);
    made("CreateInfrastructureConfiguration", arn, sent, record)
}

pub async fn distribution(
    client: &aws_sdk_imagebuilder::Client,
    record: &mut JournalWriter,
    id: &BakeId,
    filled: &Filled,
) -> Result<(), AwsError> {
    let arn = &filled.distribution_arn;
    match client
        .get_distribution_configuration()
        .distribution_configuration_arn(arn)
        .send()
        .await
    {
        Ok(_) => return Ok(()),
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(refusal("imagebuilder:GetDistributionConfiguration", &error)),
    }
    let Distribution {
        name,
        description,
        distributions,
        tags,
    } = read("distribution.json", &filled.distribution)?;
    let distributions = distributions.into_iter().map(|it| {
        let AmiDistribution {
            name,
            description,
            ami_tags,
            kms_key_id,
            launch_permission,
        } = it.ami_distribution_configuration;
        let permission = launch_permission.map(|permission| {
            let users = Some(permission.user_ids);
            ib::LaunchPermissionConfiguration::builder()
                .set_user_ids(users)
                .build()
        });
        let ami = ib::AmiDistributionConfiguration::builder()
            .name(name)
            .description(description)
            .set_ami_tags(Some(ami_tags))
            .set_kms_key_id(kms_key_id)
            .set_launch_permission(permission)
            .build();
        let built = ib::Distribution::builder().region(it.region);
        built.ami_distribution_configuration(ami).build()
    });
    let distributions: Vec<_> = distributions
        .collect::<Result<_, _>>()
        .map_err(incomplete)?;
    record.intent("CreateDistributionConfiguration", arn)?;
    let sent = client
        .create_distribution_configuration()
        .name(name)
        .description(description)
        .set_distributions(Some(distributions))
        .set_tags(Some(tags))
        .client_token(id.client_token("CreateDistributionConfiguration", 1))
        .send()
        .await;
    let sent = sent.map(|answer| answer.distribution_configuration_arn);
    made("CreateDistributionConfiguration", arn, sent, record)
}
