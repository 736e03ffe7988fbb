//! The contract on a directory.

use magpie_media::blobs::directory::Directory;
use tempfile::TempDir;

use crate::contract::contract;

struct Place {
    blobs: Directory,
    _folder: TempDir,
}

async fn place() -> Place {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    Place { blobs: Directory::open(folder.path()).unwrap(), _folder: folder }
}

contract!(place());
