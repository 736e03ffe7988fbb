//! From what the owner set to a client: addresses, time-outs, retries. Asks nobody anything yet.

use std::{sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientOptions, RetryConfig, aws::AmazonS3Builder,
    client::SpawnedReqwestConnector,
};
use tokio::{runtime::Handle, sync::Semaphore};

use super::{PUTS_MAX, S3, Unusable};

/// A connection that takes longer to open is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A request that takes longer, its body included, is given up: 8 MiB at 140 KB/s just pass.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// A request that failed for a reason that may pass is made again so often.
const RETRIES_MAX: usize = 3;
/// Behind this nothing is tried again.
const RETRY_TIMEOUT: Duration = Duration::from_secs(120);

/// Which store, and how it lets us in.
pub struct Settings {
    /// `https://` or `http://` and a host; AWS when not set.
    pub endpoint: Option<String>,
    /// The bucket.
    pub bucket: String,
    /// The region that signatures name.
    pub region: String,
    /// What every name in the bucket begins with: empty, or ending in a slash.
    pub prefix: String,
    /// The id of the access key.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
    /// The bucket stands in the path of an address instead of in its host.
    pub path_style: bool,
}

impl Settings {
    /// The address that the names of files are put behind; `None` for AWS, whose addresses the
    /// client knows.
    fn bucket_endpoint(&self) -> Option<String> {
        let endpoint = self.endpoint.as_deref()?.trim_end_matches('/');
        Some(match endpoint.split_once("://") {
            Some((scheme, host)) if !self.path_style => {
                format!("{scheme}://{}.{host}", self.bucket)
            }
            _ => endpoint.to_owned(),
        })
    }
}

impl S3 {
    /// A client whose requests run on this runtime, which has to live as long.
    ///
    /// # Errors
    /// When no client can be made of these settings.
    pub fn connect(settings: &Settings, runtime: Handle) -> Result<Self, Unusable> {
        // Set already when another one was made before.
        drop(rustls::crypto::ring::default_provider().install_default());
        let endpoint = settings.bucket_endpoint();
        let plain = endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let options = ClientOptions::new()
            .with_allow_http(plain)
            // A container may have no certificates, and without TLS needs none.
            .with_no_system_certificates(plain)
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_timeout(REQUEST_TIMEOUT);
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY_TIMEOUT,
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key)
            .with_secret_access_key(&settings.secret_key)
            .with_virtual_hosted_style_request(!settings.path_style)
            // Not every store can erase several at a time, and we have two.
            .with_disable_bulk_delete(true)
            .with_client_options(options)
            .with_retry(retry)
            // Its queue of received bytes has no limit: whoever reads asks for one piece at a time.
            .with_http_connector(SpawnedReqwestConnector::new(runtime.clone()));
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build().map_err(|error| Unusable {
            setting: "endpoint",
            text: format!("no client can be made for it: {error}"),
        })?;
        Ok(Self {
            store: Arc::new(store),
            bucket: settings.bucket.as_str().into(),
            prefix: settings.prefix.as_str().into(),
            runtime,
            puts: Arc::new(Semaphore::new(PUTS_MAX)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(endpoint: Option<&str>, path_style: bool) -> Settings {
        Settings {
            endpoint: endpoint.map(str::to_owned),
            bucket: "files-1250000000".to_owned(),
            region: "eu-central-1".to_owned(),
            prefix: "magpie/".to_owned(),
            access_key: "id".to_owned(),
            secret_key: "secret".to_owned(),
            path_style,
        }
    }

    #[test]
    fn the_bucket_stands_in_the_host_or_in_the_path() {
        let cos = settings(Some("https://cos.ap-guangzhou.myqcloud.com/"), false);
        let host = "https://files-1250000000.cos.ap-guangzhou.myqcloud.com";
        assert_eq!(cos.bucket_endpoint().as_deref(), Some(host));
        // The client puts the bucket behind it.
        let minio = settings(Some("http://10.0.0.5:9000"), true);
        assert_eq!(minio.bucket_endpoint().as_deref(), Some("http://10.0.0.5:9000"));
        assert_eq!(settings(None, false).bucket_endpoint(), None);
    }
}
