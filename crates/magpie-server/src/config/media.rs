//! Sections `media` and `media.s3`: uploads and files.

use std::path::PathBuf;

use super::{SecretText, table::section};

section! {
    /// Pictures, files, voice messages and video that users send.
    Media, "media" {
        /// Take uploads and give files out. Off: messages still may name files elsewhere by `url`.
        enabled: bool = true;
        /// Directory of the files; `media` in the data directory when not set. Not in a backup of the
        /// store: copy it too. With `[media.s3]` only unfinished uploads are in it.
        dir: Option<PathBuf> = None;
        /// Largest upload in bytes.
        bytes_max: u64 = 52_428_800, in 1_024..=1_099_511_627_776;
        /// Largest piece of an upload in bytes. `limits.body_timeout_ms` says how fast it must come.
        chunk_bytes: u64 = 1_048_576, in 16_384..=67_108_864;
        /// Bytes that all uploads of one user may take, unfinished ones too.
        user_quota_bytes: u64 = 1_073_741_824, in 1_024..=1_099_511_627_776;
        /// Uploads of one user that may be unfinished at a time.
        unfinished_per_user: usize = 20, in 1..=1_000;
        /// Most pixels of a picture. Unpacking one takes 4 bytes for each, one picture at a time.
        pixels_max: u64 = 50_000_000, in 10_000..=500_000_000;
        /// Seconds in which an upload has to be finished.
        ticket_s: u64 = 86_400, in 10..=604_800;
        /// Seconds after which a finished upload that no message holds is erased.
        orphan_after_s: u64 = 86_400, in 1..=31_536_000;
    }
}

section! {
    /// Keeps finished files in an S3-compatible object store (MinIO, AWS, Tencent COS, Aliyun OSS)
    /// instead of the directory `media.dir`. Only in a binary that was built for it; `docs/media.md`
    /// says how, and what else to set. Used as soon as `bucket` is set.
    S3, "media.s3" {
        /// The bucket, which has to exist.
        bucket: Option<String> = None;
        /// Address of the object store, like `https://cos.ap-guangzhou.myqcloud.com`; AWS when not
        /// set. `http://` sends files and answers without encryption: for a private network only.
        endpoint: Option<String> = None;
        /// The region that requests are signed for. Stores without regions mostly take any.
        region: String = "us-east-1".to_owned();
        /// What every name in the bucket begins with: empty, or ending in a slash. Each server needs
        /// one of its own: it erases files below it that it does not know.
        prefix: String = "magpie/".to_owned();
        /// The id of the access key.
        access_key: Option<String> = None;
        /// The secret of the access key; better given as a file or by its variable.
        secret_key: Option<SecretText> = None;
        /// File with that secret, for container secrets.
        secret_key_file: Option<PathBuf> = None;
        /// Put the bucket in the path of addresses (`https://host/bucket`) instead of in the host
        /// (`https://bucket.host`). MinIO needs it; COS and OSS take only the other.
        path_style: bool = false;
    }
}
