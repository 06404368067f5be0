//! The group whose members may use the management port's Unix socket: what it is, and the way to the socket for them,
//! past everything else that lies in the data directory.

use crate::config::{Manage, SocketRole};
use crate::manage::local::{Door, NAME};
use crate::manage::roles::Role;
use rustix::fs::Mode;
use std::fs::{Metadata, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where groups are.
const GROUPS: &str = "/etc/group";
/// Bytes of that file.
const GROUPS_MAX: u64 = 4 << 20;
/// What others than the owner may do with a file.
const OTHERS: u32 = 0o077;
/// A member may go through a folder, and see nothing of what is in it.
const THROUGH: u32 = 0o010;

/// Why members of a group cannot be let in.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// There is none of this name.
    #[error(
        "`manage.socket-group` is `{0}`, which {GROUPS} does not have; make it with groupadd, or give a number"
    )]
    Unknown(String),
    /// Groups cannot be read.
    #[error("{GROUPS} cannot be read: {0}; give `manage.socket-group` as a number")]
    Groups(io::Error),
    /// The group cannot be given, or others cannot be kept out.
    #[error(
        "`{}` cannot be opened to the group {group} of `manage.socket-group`: {error}; the daemon's user must own it and be a member of the group, as with SupplementaryGroups= in a unit, or the daemon must start as root", path.display()
    )]
    Refused {
        /// What was to be changed.
        path: PathBuf,
        /// The group's number.
        group: u32,
        /// What the system said.
        error: io::Error,
    },
}

/// Listens on the Unix socket in `run`, the folder of `data_dir`.
///
/// # Errors
/// The outer one, for which the daemon does not start: members of a group cannot be let in. The inner one: there can be
/// no socket, without which it serves.
pub(super) fn open(
    manage: &Manage,
    data_dir: &Path,
    run: &Path,
) -> Result<io::Result<Door>, GroupError> {
    let path = run.join(NAME);
    let Some(name) = &manage.socket_group else {
        // A group may have had it before.
        let closed = match std::fs::metadata(run) {
            Ok(found) if found.mode() & OTHERS != 0 => chmod(run, found.mode() & !OTHERS),
            _ => Ok(()),
        };
        return Ok(closed.and_then(|()| Door::bind(&path, None)));
    };
    let group = find(name, groups)?;
    // What comes into the data directory from now on is nobody else's, its folders' modes aside.
    rustix::process::umask(Mode::from_bits_truncate(OTHERS));
    admit(data_dir, run, group)?;
    let door = Door::bind(&path, Some(group));
    match door {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(GroupError::Refused { path, group, error })
        }
        door => Ok(door),
    }
}

/// What members may do, if there is a group.
pub(super) fn role(manage: &Manage) -> Option<Role> {
    manage.socket_group.as_ref()?;
    Some(match manage.socket_role.unwrap_or_default() {
        SocketRole::Admin => Role::Admin,
        SocketRole::Deploy => Role::Deploy,
        SocketRole::Read => Role::Read,
        SocketRole::Tune => Role::Tune,
        SocketRole::Firmware => Role::Firmware,
    })
}

/// Lets a group go through the data directory and `run`, and no further: whatever else lies there, from before too,
/// is closed to it.
fn admit(data_dir: &Path, run: &Path, group: u32) -> Result<(), GroupError> {
    let refused = |path: &Path, error: io::Error| GroupError::Refused {
        path: path.to_owned(),
        group,
        error,
    };
    let entries = std::fs::read_dir(data_dir).map_err(|error| refused(data_dir, error))?;
    for entry in entries {
        let path = entry.map_err(|error| refused(data_dir, error))?.path();
        if path == run {
            continue;
        }
        let found = std::fs::symlink_metadata(&path).map_err(|error| refused(&path, error))?;
        if !found.is_symlink() && found.mode() & OTHERS != 0 {
            chmod(&path, found.mode() & !OTHERS).map_err(|error| refused(&path, error))?;
        }
    }
    for path in [run, data_dir] {
        let found = std::fs::metadata(path).map_err(|error| refused(path, error))?;
        pass(path, &found, group).map_err(|error| refused(path, error))?;
    }
    Ok(())
}

fn pass(path: &Path, found: &Metadata, group: u32) -> io::Result<()> {
    if found.gid() != group {
        std::os::unix::fs::chown(path, None, Some(group))?;
    }
    chmod(path, found.mode() & !OTHERS | THROUGH)
}

fn chmod(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(mode & 0o7777))
}

fn groups() -> io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(GROUPS)?;
    file.take(GROUPS_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// The number of a group. One that is written as a number need not be in the file.
fn find(name: &str, groups: impl FnOnce() -> io::Result<String>) -> Result<u32, GroupError> {
    let unknown = || GroupError::Unknown(name.to_owned());
    if name.bytes().all(|it| it.is_ascii_digit()) {
        // The last number means none to the kernel.
        return name
            .parse()
            .ok()
            .filter(|it| *it != u32::MAX)
            .ok_or_else(unknown);
    }
    let text = groups().map_err(GroupError::Groups)?;
    let mut lines = text.lines().map(|line| line.split(':'));
    let found = lines.find_map(|mut fields| {
        (fields.next()? == name).then_some(())?;
        fields.nth(1)?.parse().ok()
    });
    found.ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_group_is_a_name_or_a_number() {
        let text =
            "root:x:0:\nadm:x:4:syslog,me\n# adm2:x:5:\nbroken\nwrong:x:no:\nposter:x:998:\n";
        let check = |name: &str| find(name, || Ok(text.to_owned())).ok();
        assert_eq!(check("adm"), Some(4));
        assert_eq!(check("poster"), Some(998));
        assert_eq!(check("1234"), Some(1234));
        for unknown in [
            "post",
            "posters",
            "broken",
            "wrong",
            "adm2",
            "4294967295",
            "99999999999",
        ] {
            assert_eq!(check(unknown), None, "{unknown}");
        }
        let told = find("nobodys", || Ok(String::new()))
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("`nobodys`") && told.contains("groupadd"),
            "{told}"
        );
    }

    #[test]
    fn members_go_through_and_see_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let run = data.join("run");
        std::fs::create_dir_all(&run).unwrap();
        std::fs::create_dir(data.join("store")).unwrap();
        std::fs::write(data.join("file"), "").unwrap();
        for (path, mode) in [
            ("store", 0o755),
            ("file", 0o644),
            ("run", 0o700),
            ("", 0o755),
        ] {
            chmod(&data.join(path), mode).unwrap();
        }
        std::os::unix::fs::symlink("/nowhere", data.join("link")).unwrap();
        // The own group can be given by anybody.
        let own = rustix::process::getegid().as_raw();
        admit(&data, &run, own).unwrap();
        let mode = |path: &str| std::fs::metadata(data.join(path)).unwrap().mode() & 0o777;
        assert_eq!(
            ["", "run", "store", "file"].map(mode),
            [0o710, 0o710, 0o700, 0o600]
        );
    }
}
