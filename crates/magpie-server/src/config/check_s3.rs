//! Rules of the section `media.s3`. What only the object store knows (whether the bucket is there,
//! whether the keys fit) is asked at the start.

use std::net::IpAddr;

use super::{
    SecretText,
    check::{Found, read_text},
    media::S3,
    table::Section as _,
};

impl Found<'_> {
    /// Reads the secret from its file; judges what belongs together.
    pub(super) fn s3(&mut self) {
        let s3 = self.config.s3.clone();
        if s3 == S3::default() {
            return;
        }
        let keys = s3.keys().into_iter().map(|key| format!("media.s3.{}", key.name));
        let mut set = keys.filter(|key| self.config.places.contains_key(key));
        let first = set.next().unwrap_or_default();
        drop(set);
        if !cfg!(feature = "s3") {
            let text = "this binary was built without object stores: build one with `make build \
                        FEATURES=s3`, or take the section [media.s3] away";
            return self.say(&first, text.to_owned());
        }
        match &s3.bucket {
            Some(bucket) if is_bucket(bucket) => {}
            Some(bucket) => {
                let text = format!(
                    "{bucket:?} is no name of a bucket: 3 to 63 lower-case letters, digits, dots and \
                     hyphens"
                );
                self.say("media.s3.bucket", text);
            }
            None => {
                let text = "media.s3.bucket is not set: without it files stay in media.dir";
                return self.say(&first, text.to_owned());
            }
        }
        if s3.access_key.is_none() {
            let text = "nobody gets into it without media.s3.access_key".to_owned();
            self.say("media.s3.bucket", text);
        }
        self.s3_secret();
        if !is_prefix(&s3.prefix) {
            let text = format!(
                "{:?} is no prefix: empty, or parts of letters, digits, dots, hyphens and \
                 underscores, each with a slash behind it, like \"magpie/\"",
                s3.prefix
            );
            self.say("media.s3.prefix", text);
        }
        if let Some(endpoint) = &s3.endpoint
            && let Err((key, text)) = judge_endpoint(endpoint, s3.path_style)
        {
            self.say(key, text);
        }
    }

    fn s3_secret(&mut self) {
        let s3 = &self.config.s3;
        match (s3.secret_key.is_some(), s3.secret_key_file.clone()) {
            (true, Some(_)) => {
                let text = "media.s3.secret_key is set too: keep one of them".to_owned();
                self.say("media.s3.secret_key_file", text);
            }
            (true, None) => {}
            (false, None) => {
                let text = "nobody gets into it without media.s3.secret_key or \
                            media.s3.secret_key_file"
                    .to_owned();
                self.say("media.s3.bucket", text);
            }
            (false, Some(path)) => match read_text(&path) {
                Ok(text) => self.config.s3.secret_key = Some(SecretText::new(text.trim_end())),
                Err(text) => self.say("media.s3.secret_key_file", text),
            },
        }
    }
}

fn is_bucket(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    (3..=63).contains(&name.len()) && name.bytes().all(good)
}

fn is_prefix(prefix: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(good);
    prefix.is_empty()
        || prefix.len() <= 256 && prefix.strip_suffix('/').is_some_and(|p| p.split('/').all(part))
}

/// Which key is wrong, and why.
fn judge_endpoint(endpoint: &str, path_style: bool) -> Result<(), (&'static str, String)> {
    let key = "media.s3.endpoint";
    let Some((scheme @ ("http" | "https"), host)) = endpoint.split_once("://") else {
        let text = format!("{endpoint:?} begins with neither \"https://\" nor \"http://\"");
        return Err((key, text));
    };
    let host = host.strip_suffix('/').unwrap_or(host);
    let parsed = http::uri::Authority::try_from(host).ok().filter(|_| !host.contains('@'));
    let Some(authority) = parsed else {
        let text = format!(
            "only a host, and perhaps a port, can stand behind {scheme}://: the bucket goes into \
             media.s3.bucket, keys go into media.s3.access_key and media.s3.secret_key"
        );
        return Err((key, text));
    };
    let bare = authority.host().trim_start_matches('[').trim_end_matches(']');
    if !path_style && (bare.parse::<IpAddr>().is_ok() || bare == "localhost") {
        let text = format!("a bucket cannot stand in front of {bare}: set it to true");
        return Err(("media.s3.path_style", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_prefixes_are_judged() {
        for good in ["files", "files-1250000000", "a.b.c"] {
            assert!(is_bucket(good), "{good}");
        }
        for bad in ["", "ab", "Files", "a_b", "a/b", &"a".repeat(64)] {
            assert!(!is_bucket(bad), "{bad}");
        }
        for good in ["", "magpie/", "a/b-1/C_2/"] {
            assert!(is_prefix(good), "{good}");
        }
        for bad in ["magpie", "/", "/a/", "a//", "../", "a/../", "a b/", "文件/"] {
            assert!(!is_prefix(bad), "{bad}");
        }
    }

    #[test]
    fn an_endpoint_is_a_scheme_and_a_host_that_a_bucket_can_stand_in() {
        let wrong = |endpoint: &str, path_style| judge_endpoint(endpoint, path_style).err();
        for good in ["https://oss-cn-hangzhou.aliyuncs.com", "http://minio:9000/"] {
            assert_eq!(wrong(good, false), None);
        }
        for good in ["http://10.0.0.5:9000", "https://[::1]:9000", "http://localhost:9000"] {
            assert_eq!(wrong(good, true), None);
            assert_eq!(wrong(good, false).map(|(key, _)| key), Some("media.s3.path_style"));
        }
        for bad in ["minio:9000", "ftp://a", "https://", "https://a/files", "https://id:key@a"] {
            let (key, text) = wrong(bad, true).unwrap_or_default();
            assert_eq!(key, "media.s3.endpoint", "{bad}");
            assert!(!text.contains("id:key"), "{text}");
        }
    }
}
