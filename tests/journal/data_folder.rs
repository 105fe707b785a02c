use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use baton::journal::{DataFolder, Error};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_missing_folder_is_created_for_its_user_only() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("var/baton");
    let folder = DataFolder::open(&path).unwrap();
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&path.join("baton.lock")), 0o600);
}

#[test]
fn an_open_folder_is_closed_to_others_when_it_becomes_ours() {
    let temporary = tempfile::tempdir().unwrap();
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let _folder = DataFolder::open(temporary.path()).unwrap();
    assert_eq!(mode(temporary.path()), 0o700);
}

#[test]
fn a_folder_that_holds_other_things_keeps_its_mode() {
    let temporary = tempfile::tempdir().unwrap();
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(temporary.path().join("thesis.txt"), "years of work").unwrap();
    let _folder = DataFolder::open(temporary.path()).unwrap();
    assert_eq!(mode(temporary.path()), 0o755);
}

#[test]
fn a_second_lock_is_refused_by_name_until_the_first_is_gone() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    let clone = folder.clone();
    drop(folder);
    let error = DataFolder::open(temporary.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the data folder {} is in use by another server",
            temporary.path().display()
        )
    );
    drop(clone);
    DataFolder::open(temporary.path()).unwrap();
}

#[test]
fn a_file_is_no_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("data");
    fs::write(&path, "").unwrap();
    let error = DataFolder::open(&path).unwrap_err();
    assert!(matches!(error, Error::Folder { .. }), "{error}");
}
