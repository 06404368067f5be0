//! A guest's memory as the host may touch it: a pointer is an allegation until it is checked
//! here.

/// The linear memory of a guest, for as long as the guest stands still.
pub struct GuestMemory<'a>(&'a mut [u8]);

/// A range that is not in the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes at {ptr:#x} are outside of the memory of {size} bytes")]
pub struct OutOfBounds {
    /// Where it should begin.
    pub ptr: u32,
    /// How long it should be, in bytes.
    pub len: usize,
    /// Bytes that the memory has.
    pub size: usize,
}

impl<'a> GuestMemory<'a> {
    /// The memory that consists of these bytes.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self(bytes)
    }

    /// `len` bytes at `ptr`.
    pub fn slice(&self, ptr: u32, len: u32) -> Result<&[u8], OutOfBounds> {
        let range = self.range(ptr, len as usize)?;
        Ok(&self.0[range])
    }

    /// `len` bytes at `ptr`, to be written.
    pub fn slice_mut(&mut self, ptr: u32, len: u32) -> Result<&mut [u8], OutOfBounds> {
        let range = self.range(ptr, len as usize)?;
        Ok(&mut self.0[range])
    }

    /// Writes all of `bytes` at `ptr`, or nothing.
    pub fn write(&mut self, ptr: u32, bytes: &[u8]) -> Result<(), OutOfBounds> {
        let range = self.range(ptr, bytes.len())?;
        self.0[range].copy_from_slice(bytes);
        Ok(())
    }

    /// The little-endian number at `ptr`.
    pub fn read_u32(&self, ptr: u32) -> Result<u32, OutOfBounds> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.slice(ptr, 4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    /// Writes a little-endian number at `ptr`.
    pub fn write_u32(&mut self, ptr: u32, value: u32) -> Result<(), OutOfBounds> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// Writes a little-endian number at `ptr`.
    pub fn write_u64(&mut self, ptr: u32, value: u64) -> Result<(), OutOfBounds> {
        self.write(ptr, &value.to_le_bytes())
    }

    fn range(&self, ptr: u32, len: usize) -> Result<std::ops::Range<usize>, OutOfBounds> {
        let start = ptr as usize;
        match start.checked_add(len) {
            Some(end) if end <= self.0.len() => Ok(start..end),
            _ => Err(OutOfBounds {
                ptr,
                len,
                size: self.0.len(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(ptr: u32, len: u32, inside: bool) {
        let mut bytes = [0; 16];
        let mut memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.slice(ptr, len).is_ok(), inside);
        assert_eq!(memory.slice_mut(ptr, len).is_ok(), inside);
    }

    #[test]
    fn only_what_lies_inside_is_given() {
        check(0, 16, true);
        check(16, 0, true);
        check(15, 1, true);
        check(16, 1, false);
        check(17, 0, false);
        check(1, u32::MAX, false);
        check(u32::MAX, u32::MAX, false);
        check(u32::MAX, 0, false);
    }

    #[test]
    fn a_write_that_does_not_fit_writes_nothing() {
        let mut bytes = [7; 8];
        let mut memory = GuestMemory::new(&mut bytes);
        memory.write_u64(1, 0).unwrap_err();
        memory.write_u32(5, 0).unwrap_err();
        memory.write_u32(4, 1).unwrap();
        assert_eq!(memory.read_u32(4), Ok(1));
        assert_eq!(bytes, [7, 7, 7, 7, 1, 0, 0, 0]);
    }
}
