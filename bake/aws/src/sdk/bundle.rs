//! The bundle, to the bucket.

use std::path::Path;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::io::AsyncReadExt as _;

use super::clients::{AwsClients, connect};
use super::refusal::refusal;
use crate::error::{AwsError, ErrorKind};

/// The size of a part, in bytes: one is in memory at a time. S3 takes 10,000 parts, so 160 GB.
const PART: u64 = 16 * 1024 * 1024;

/// Whether the bucket has it already. The key holds the digest, and only whole uploads get a key.
pub async fn is_there(
    account: &AwsClients,
    bucket: &str,
    key: &str,
    bytes: u64,
) -> Result<bool, AwsError> {
    match account
        .s3()
        .head_object()
        .bucket(bucket)
        .key(key)
        .send()
        .await
    {
        Ok(head) => Ok(head.content_length() == i64::try_from(bytes).ok()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(HeadObjectError::is_not_found) =>
        {
            Ok(false)
        }
        Err(error) => Err(head_refusal("s3:GetObject", &error)),
    }
}

/// The problem that an error of a HEAD request is. Its answer has no body, so the status alone says what it is.
pub fn head_refusal<E>(call: &str, error: &SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if error.raw_response().map(|it| it.status().as_u16()) != Some(403) {
        return refusal(call, error);
    }
    AwsError::new(
        ErrorKind::Refused,
        call,
        "403 Forbidden",
        format!(
            "allow {call} and s3:ListBucket to whoever runs this, and the use of the bucket's key; docs/bake.md has the policy"
        ),
    )
}

/// Uploads a file, part by part. An upload that ends early is aborted; the bucket's lifecycle removes what is left of
/// one whose process was killed.
pub async fn upload(
    account: &AwsClients,
    bucket: &str,
    key: &str,
    file: &Path,
    shows: &mut (dyn FnMut(u64) + Send),
) -> Result<(), AwsError> {
    let s3 = account.s3();
    let begun = s3
        .create_multipart_upload()
        .bucket(bucket)
        .key(key)
        .content_type("application/zstd")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .send()
        .await
        .map_err(|error| refusal("s3:PutObject", &error))?;
    let upload = begun.upload_id().unwrap_or_default().to_owned();
    let sent = send_parts(&s3, bucket, key, &upload, file, shows).await;
    let parts = match sent {
        Ok(parts) => parts,
        Err(error) => {
            let abort = s3
                .abort_multipart_upload()
                .bucket(bucket)
                .key(key)
                .upload_id(&upload);
            // The first error is the one to tell; the bucket's lifecycle does the same within days.
            let _ = abort.send().await;
            return Err(error);
        }
    };
    s3.complete_multipart_upload()
        .bucket(bucket)
        .key(key)
        .upload_id(&upload)
        .multipart_upload(
            CompletedMultipartUpload::builder()
                .set_parts(Some(parts))
                .build(),
        )
        .send()
        .await
        .map_err(|error| refusal("s3:PutObject", &error))?;
    Ok(())
}

async fn send_parts(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    key: &str,
    upload: &str,
    path: &Path,
    shows: &mut (dyn FnMut(u64) + Send),
) -> Result<Vec<CompletedPart>, AwsError> {
    let unreadable = |error: &std::io::Error| {
        AwsError::new(
            ErrorKind::File,
            path.display(),
            error,
            "name a folder that can be read",
        )
    };
    let mut file = tokio::fs::File::open(path)
        .await
        .map_err(|error| unreadable(&error))?;
    let mut parts = Vec::new();
    let mut sent = 0;
    for number in 1.. {
        let mut bytes = Vec::new();
        let read = (&mut file).take(PART).read_to_end(&mut bytes).await;
        let count = read.map_err(|error| unreadable(&error))? as u64;
        if count == 0 && number > 1 {
            break;
        }
        let answer = s3
            .upload_part()
            .bucket(bucket)
            .key(key)
            .upload_id(upload)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| refusal("s3:PutObject", &error))?;
        parts.push(
            CompletedPart::builder()
                .part_number(number)
                .set_e_tag(answer.e_tag().map(str::to_owned))
                .set_checksum_sha256(answer.checksum_sha256().map(str::to_owned))
                .build(),
        );
        sent += count;
        shows(sent);
        if count < PART {
            break;
        }
    }
    Ok(parts)
}

/// Fetches an object of any bucket that the credentials may read, to a file.
///
/// # Errors
/// When AWS refuses it, or the file cannot be written.
pub async fn fetch_object(
    region: &str,
    bucket: &str,
    key: &str,
    to: &Path,
) -> Result<(), AwsError> {
    let account = connect(region).await?;
    let call = account.s3().get_object().bucket(bucket).key(key);
    let answer = call.send().await;
    let answer = answer.map_err(|error| refusal("s3:GetObject", &error))?;
    let unwritable = |error: &std::io::Error| {
        let help = "choose a writable folder with --out";
        AwsError::new(ErrorKind::File, to.display(), error, help)
    };
    let mut file = tokio::fs::File::create(to)
        .await
        .map_err(|error| unwritable(&error))?;
    let mut body = answer.body.into_async_read();
    tokio::io::copy(&mut body, &mut file)
        .await
        .map_err(|error| unwritable(&error))?;
    file.sync_all().await.map_err(|error| unwritable(&error))
}

/// Writes a small object.
pub async fn put(
    account: &AwsClients,
    bucket: &str,
    key: &str,
    bytes: Vec<u8>,
) -> Result<(), AwsError> {
    let call = account.s3().put_object().bucket(bucket).key(key);
    call.body(ByteStream::from(bytes))
        .send()
        .await
        .map_err(|error| refusal("s3:PutObject", &error))?;
    Ok(())
}

/// The largest report that is read, in bytes.
const REPORT_LIMIT: i64 = 16 * 1024 * 1024;

/// A report that the build host wrote. `None` where there is none.
pub async fn report(
    account: &AwsClients,
    bucket: &str,
    key: &str,
) -> Result<Option<Vec<u8>>, AwsError> {
    let answer = match account
        .s3()
        .get_object()
        .bucket(bucket)
        .key(key)
        .send()
        .await
    {
        Ok(answer) => answer,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(GetObjectError::is_no_such_key) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(refusal("s3:GetObject", &error)),
    };
    let subject = format!("s3://{bucket}/{key}");
    if answer
        .content_length()
        .is_none_or(|bytes| bytes > REPORT_LIMIT)
    {
        let problem = format!("it is larger than {REPORT_LIMIT} bytes");
        return Err(AwsError::new(
            ErrorKind::Unsafe,
            subject,
            problem,
            "look at who writes to the bucket",
        ));
    }
    let bytes = answer.body.collect().await.map_err(|error| {
        AwsError::new(
            ErrorKind::Resumable,
            subject,
            error,
            "run the same command again",
        )
    })?;
    Ok(Some(bytes.to_vec()))
}
