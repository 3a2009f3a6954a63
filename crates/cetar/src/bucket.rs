//! `media.store = "s3://BUCKET/PREFIX"`: Amazon's S3, or anything that speaks its protocol (`MinIO`, R2, Spaces, Ceph).
//!
//! Everything but the name is taken from the environment variables that every S3 tool knows: `AWS_ACCESS_KEY_ID` and
//! `AWS_SECRET_ACCESS_KEY` (or, on Amazon's machines, the role of the machine), `AWS_REGION`, and for another store than Amazon's
//! `AWS_ENDPOINT_URL`. Requests go through the guarded client: an endpoint in a private network is named in `egress.allow`.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use cetar_engine::media::Bucket;
use cetar_provider::http;
use object_store::{
    ClientOptions, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    client::{HttpClient, HttpConnector},
};
use url::Url;

use crate::config::Config;

/// The whole of one request: a part of 8 MiB over a slow line.
const REQUEST_TIME: Duration = Duration::from_mins(1);
/// How long the store's passing troubles are waited out before a medium counts as not kept; who wanted it kept tries again later.
const RETRY_TIME: Duration = Duration::from_secs(20);

/// The bucket, if `media.store` names one.
pub(crate) fn named(config: &Config) -> anyhow::Result<Option<Bucket>> {
    let Some(store) = config.media.store.as_deref().filter(|store| store.contains("://")) else {
        return Ok(None);
    };
    let wanted = || format!("media.store = {store:?}: want a folder, or s3://BUCKET or s3://BUCKET/PREFIX");
    let url = Url::parse(store).with_context(wanted)?;
    let name = url.host_str().filter(|_| {
        let nothing_more = url.query().is_none() && url.fragment().is_none() && url.port().is_none();
        url.scheme() == "s3" && nothing_more && url.username().is_empty()
    });
    let name = name.with_context(wanted)?;

    let settings = AmazonS3Builder::from_env();
    let endpoint = settings.get_config_value(&AmazonS3ConfigKey::Endpoint);
    let plain = endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let http = http::Client::new(http::Options {
        allow: config.egress.allow.clone(),
        total_timeout: REQUEST_TIME,
        ..http::Options::default()
    });
    let http = http.map_err(|error| anyhow::anyhow!("{}", error.detail))?;
    let endpoint = endpoint.as_deref().unwrap_or("https://s3.amazonaws.com");
    let client = http.client_for(endpoint).map_err(|error| {
        anyhow::anyhow!(
            "AWS_ENDPOINT_URL = {endpoint:?}: {}; name its network in egress.allow if it is yours",
            error.detail
        )
    })?;
    let store = settings
        .with_bucket_name(name)
        .with_client_options(ClientOptions::new().with_allow_http(plain))
        .with_retry(RetryConfig { retry_timeout: RETRY_TIME, ..RetryConfig::default() })
        .with_http_connector(Guarded(HttpClient::new(client)))
        .build()
        .with_context(|| format!("media.store = {store:?}"))?;
    Ok(Some(Bucket::new(Arc::new(store), url.path().trim_matches('/'))))
}

/// Gives the library our client instead of one of its own.
#[derive(Debug)]
struct Guarded(HttpClient);

impl HttpConnector for Guarded {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}
