//! Files that only the server's user may read: whole or not at all, on disk before use.
//! The only place of this crate that touches the file system.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use crate::SetupError;

/// Reads a file; `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<String>, SetupError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read", path, source)),
    }
}

/// Writes a file of mode 0600: beside its place, flushed to disk, then renamed into place, so that
/// a crash leaves the old text or the new one.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), SetupError> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|source| failed("create the folder of", path, source))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.new-{}", std::process::id()));
    let written = write_new(&beside, text).and_then(|()| fs::rename(&beside, path));
    if let Err(source) = written {
        // Nothing may stay behind; the first fault is the one to report.
        drop(fs::remove_file(&beside));
        return Err(failed("write", path, source));
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| failed("flush the folder of", path, source))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    // Left by a process of the same id that died here.
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A warning when others than the owner may read the file.
pub(crate) fn warn_if_open(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
        (mode & 0o077 != 0).then(|| {
            let path = path.display();
            format!(
                "{path} can be read by other users of this machine (mode {mode:03o}): run \
                `chmod 600 {path}`"
            )
        })
    }
    #[cfg(not(unix))]
    None
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> SetupError {
    SetupError::File { action, path: path.to_owned(), source }
}
