//! What the header of a Zstandard frame says (RFC 8878, 3.1.1.1), so that nobody takes memory for more than they want to.

/// How a frame begins.
pub const MAGIC: u32 = 0xfd2f_b528;

/// Bytes of a frame's header with its magic number, by its descriptor, the fifth byte.
pub fn header_bytes(descriptor: u8) -> usize {
    let is_single = descriptor >> 5 & 1 == 1;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let length = [usize::from(is_single), 2, 4, 8][usize::from(descriptor >> 6)];
    5 + usize::from(!is_single) + dictionary + length
}

/// Bytes of the window that a whole header names.
pub fn window(header: &[u8]) -> u64 {
    let descriptor = header[4];
    if descriptor >> 5 & 1 == 0 {
        let byte = header[5];
        let base = 1 << (10 + u64::from(byte >> 3));
        return base + base / 8 * u64::from(byte & 7);
    }
    let length = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let mut bytes = [0; 8];
    bytes[..length].copy_from_slice(&header[header.len() - length..]);
    u64::from_le_bytes(bytes) + if length == 2 { 256 } else { 0 }
}
