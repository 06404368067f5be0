//! The functions that a module may import, with their types.

use super::GuestKind;
use postern_abi::import as abi;

/// A function that a guest may import. Types are letters: `i` is i32, `I` is i64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportSignature {
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static str,
    /// Its results.
    pub results: &'static str,
}

const fn sig(name: &'static str, params: &'static str, results: &'static str) -> ImportSignature {
    ImportSignature {
        name,
        params,
        results,
    }
}

/// What guests of ABI version 1 may import from [`postern_abi::IMPORT_MODULE`].
pub const ABI_V1: &[ImportSignature] = &[
    sig(abi::OP_START, "iiii", ""),
    sig(abi::OP_CANCEL, "i", ""),
    sig(abi::OP_PULL, "ii", ""),
    sig(abi::OP_CHUNK, "iiii", ""),
    sig(abi::OP_SYNC, "iiiii", "i"),
    sig(abi::RESPOND, "iiiiii", ""),
    sig(abi::BODY_CHUNK, "iiii", "i"),
    sig(abi::BODY_PULL, "ii", ""),
    sig(abi::FAIL, "iii", ""),
    sig(abi::DONE, "iiii", ""),
    sig(abi::LOG, "iii", ""),
    sig(abi::NOW, "", "I"),
    sig(abi::RANDOM, "ii", ""),
];

/// The module name of WASI preview 1.
pub const WASI_MODULE: &str = "wasi_snapshot_preview1";

/// All of WASI preview 1. Most of it answers that there is no such thing.
pub const WASI_PREVIEW1: &[ImportSignature] = &[
    sig("args_get", "ii", "i"),
    sig("args_sizes_get", "ii", "i"),
    sig("environ_get", "ii", "i"),
    sig("environ_sizes_get", "ii", "i"),
    sig("clock_res_get", "ii", "i"),
    sig("clock_time_get", "iIi", "i"),
    sig("fd_advise", "iIIi", "i"),
    sig("fd_allocate", "iII", "i"),
    sig("fd_close", "i", "i"),
    sig("fd_datasync", "i", "i"),
    sig("fd_fdstat_get", "ii", "i"),
    sig("fd_fdstat_set_flags", "ii", "i"),
    sig("fd_fdstat_set_rights", "iII", "i"),
    sig("fd_filestat_get", "ii", "i"),
    sig("fd_filestat_set_size", "iI", "i"),
    sig("fd_filestat_set_times", "iIIi", "i"),
    sig("fd_pread", "iiiIi", "i"),
    sig("fd_prestat_get", "ii", "i"),
    sig("fd_prestat_dir_name", "iii", "i"),
    sig("fd_pwrite", "iiiIi", "i"),
    sig("fd_read", "iiii", "i"),
    sig("fd_readdir", "iiiIi", "i"),
    sig("fd_renumber", "ii", "i"),
    sig("fd_seek", "iIii", "i"),
    sig("fd_sync", "i", "i"),
    sig("fd_tell", "ii", "i"),
    sig("fd_write", "iiii", "i"),
    sig("path_create_directory", "iii", "i"),
    sig("path_filestat_get", "iiiii", "i"),
    sig("path_filestat_set_times", "iiiiIIi", "i"),
    sig("path_link", "iiiiiii", "i"),
    sig("path_open", "iiiiiIIii", "i"),
    sig("path_readlink", "iiiiii", "i"),
    sig("path_remove_directory", "iii", "i"),
    sig("path_rename", "iiiiii", "i"),
    sig("path_symlink", "iiiii", "i"),
    sig("path_unlink_file", "iii", "i"),
    sig("poll_oneoff", "iiii", "i"),
    sig("proc_exit", "i", ""),
    sig("proc_raise", "i", "i"),
    sig("random_get", "ii", "i"),
    sig("sched_yield", "", "i"),
    sig("sock_accept", "iii", "i"),
    sig("sock_recv", "iiiiii", "i"),
    sig("sock_send", "iiiii", "i"),
    sig("sock_shutdown", "ii", "i"),
];

impl GuestKind {
    /// What a guest of this kind may import, and from which module.
    pub fn imports(self) -> (&'static str, &'static [ImportSignature]) {
        match self {
            Self::AbiV1 | Self::JavaScript => (postern_abi::IMPORT_MODULE, ABI_V1),
            Self::Wasi => (WASI_MODULE, WASI_PREVIEW1),
        }
    }
}

impl ImportSignature {
    /// Whether the type is this one.
    pub(super) fn matches(&self, ty: &wasmparser::FuncType) -> bool {
        letters(ty.params()).eq(self.params.chars())
            && letters(ty.results()).eq(self.results.chars())
    }
}

fn letters(types: &[wasmparser::ValType]) -> impl Iterator<Item = char> + '_ {
    types.iter().map(|ty| match ty {
        wasmparser::ValType::I32 => 'i',
        wasmparser::ValType::I64 => 'I',
        _ => '?',
    })
}

impl std::fmt::Display for ImportSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = |letters: &str| {
            letters
                .chars()
                .map(|letter| if letter == 'I' { "i64" } else { "i32" })
                .collect::<Vec<_>>()
                .join(", ")
        };
        write!(f, "({}) -> ({})", words(self.params), words(self.results))
    }
}

/// A function type as messages show it.
pub(super) fn show(ty: &wasmparser::FuncType) -> String {
    let words = |types: &[wasmparser::ValType]| {
        types
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    format!("({}) -> ({})", words(ty.params()), words(ty.results()))
}
