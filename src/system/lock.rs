//! The data folder: made if it is not there, and used by one process.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::Stopped;

/// The file that is locked.
const NAME: &str = "nimbus.lock";

/// Held as long as the folder is used.
#[derive(Debug)]
pub(super) struct DataFolder {
    _lock: File,
}

/// A folder that only its owner may enter, made if it is not there.
pub(super) fn private(path: &Path) -> Result<PathBuf, Stopped> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Stopped::configuration(format!("{}: {error}", path.display())))?;
    Ok(path.to_owned())
}

impl DataFolder {
    /// Takes a folder, which only its owner may enter.
    pub(super) fn take(path: &Path) -> Result<DataFolder, Stopped> {
        let at = |error: std::io::Error| {
            Stopped::configuration(format!("the data folder {}: {error}", path.display()))
        };
        private(path)?;
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(false).mode(0o600);
        let lock = options.open(path.join(NAME)).map_err(at)?;
        match lock.try_lock() {
            Ok(()) => Ok(DataFolder { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Stopped::in_use(format!(
                "the data folder {} is in use by another process",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(at(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cause;
    use super::*;

    #[test]
    fn a_data_folder_has_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let first = DataFolder::take(&path).unwrap();
        let second = DataFolder::take(&path).unwrap_err();
        assert_eq!(second.cause, Cause::InUse);
        assert!(second.sentence.ends_with("is in use by another process"));
        drop(first);
        DataFolder::take(&path).unwrap();
    }
}
