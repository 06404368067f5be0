//! A snapshot as a file: the memory, whole pages, and behind it the keys of Web Crypto that the
//! guest had when it was taken, if it had any.
//!
//! ```text
//! pages ‖ keys ‖ 0, if the rest would end a page ‖ length of the keys, a u32, little endian
//! ```

use super::mapping::WASM_PAGE;
use std::fs::File;
use std::io::{self, Error, ErrorKind};
use std::os::unix::fs::FileExt;

/// Bytes of the keys' length.
const LENGTH: usize = 4;

/// Puts keys behind a memory.
pub fn seal(mut memory: Vec<u8>, keys: &[u8]) -> Vec<u8> {
    if keys.is_empty() {
        return memory;
    }
    memory.extend_from_slice(keys);
    if (memory.len() + LENGTH).is_multiple_of(WASM_PAGE) {
        memory.push(0);
    }
    memory.extend_from_slice(&(keys.len() as u32).to_le_bytes());
    memory
}

/// Bytes of the memory, and the keys.
///
/// # Errors
/// When the file cannot be read, or was not made by [`seal`].
pub fn open(file: &File) -> io::Result<(usize, Vec<u8>)> {
    let wrong = || {
        Error::new(
            ErrorKind::InvalidData,
            "the keys behind the memory are cut off",
        )
    };
    let total = usize::try_from(file.metadata()?.len()).map_err(Error::other)?;
    if total.is_multiple_of(WASM_PAGE) {
        return Ok((total, Vec::new()));
    }
    let end = total.checked_sub(LENGTH).ok_or_else(wrong)?;
    let mut length = [0; LENGTH];
    file.read_exact_at(&mut length, end as u64)?;
    let keys = u32::from_le_bytes(length) as usize;
    // A zero may lie before the length, which makes no page of what is before the keys.
    let start = end.checked_sub(keys).ok_or_else(wrong)?;
    let memory = start - start % WASM_PAGE;
    if start - memory > 1 {
        return Err(wrong());
    }
    let mut bytes = vec![0; keys];
    file.read_exact_at(&mut bytes, memory as u64)?;
    Ok((memory, bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    fn check(pages: usize, keys: usize) {
        let (memory, keys) = (vec![7; pages * WASM_PAGE], vec![9; keys]);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&seal(memory, &keys)).unwrap();
        assert_eq!(open(&file).unwrap(), (pages * WASM_PAGE, keys));
    }

    #[test]
    fn what_was_sealed_is_opened() {
        for pages in [0, 1, 3] {
            for keys in [0, 1, 2, 1000, WASM_PAGE - 5, WASM_PAGE - 4, WASM_PAGE - 3] {
                check(pages, keys);
            }
            check(pages, 3 * WASM_PAGE);
        }
    }

    #[test]
    fn what_was_cut_is_refused() {
        let whole = seal(vec![7; WASM_PAGE], &[9; 100]);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&whole[..WASM_PAGE + 60]).unwrap();
        assert!(open(&file).is_err());
    }
}
