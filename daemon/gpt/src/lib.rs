//! GUID partition tables, as firmware images have them: 128 entries, sectors of 512 bytes, the
//! data partition last. The image's maker writes one, process 1 grows its last partition.
//!
//! A table lies twice on a disk: at its start and at its very end. Either copy alone is enough, so
//! the one at the end is written first and whole before the other is touched.

use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes of a sector.
pub const SECTOR: u64 = 512;
/// Entries of a table.
const ENTRIES: usize = 128;
/// Bytes of an entry.
const ENTRY: usize = 128;
/// Sectors that the entries take.
const ENTRY_SECTORS: u64 = (ENTRIES * ENTRY) as u64 / SECTOR;
/// Bytes of a header that count.
const HEADER: usize = 92;
/// Where partitions begin and end: at whole mebibytes.
pub const ALIGNMENT: u64 = (1 << 20) / SECTOR;
/// UTF-16 units of a name.
const NAME_UNITS: usize = 36;
/// A boot loader may look here.
const LEGACY_BOOTABLE: u64 = 1 << 2;

/// "Linux filesystem data".
pub const TYPE_LINUX: [u8; 16] = [
    0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4,
];
/// "Microsoft basic data", which every system mounts when it holds FAT.
pub const TYPE_BASIC: [u8; 16] = [
    0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7,
];

/// Why a table cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum GptError {
    /// The disk failed.
    #[error("the disk: {0}")]
    Disk(#[from] io::Error),
    /// Neither copy of the table is whole.
    #[error("no whole partition table on the disk; flash the image again")]
    Damaged,
    /// The disk is too small.
    #[error("{needed} bytes of partitions do not fit on a disk of {size}; take a larger one")]
    Small {
        /// Bytes that the partitions need.
        needed: u64,
        /// Bytes of the disk.
        size: u64,
    },
    /// A name is too long.
    #[error("the partition name `{0}` has more than 36 characters")]
    Name(String),
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name.
    pub name: String,
    /// What it is for, as a GUID in the order of its bytes on the disk.
    pub kind: [u8; 16],
    /// Its own GUID.
    pub guid: [u8; 16],
    /// The first sector.
    pub first: u64,
    /// The last sector.
    pub last: u64,
    /// Whether boot loaders look here.
    pub bootable: bool,
}

impl Partition {
    /// Where it begins, in bytes.
    pub fn offset(&self) -> u64 {
        self.first * SECTOR
    }

    /// How long it is, in bytes.
    pub fn size(&self) -> u64 {
        (self.last + 1 - self.first) * SECTOR
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The disk's GUID.
    pub guid: [u8; 16],
    /// Its partitions, in the order of their entries.
    pub partitions: Vec<Partition>,
    /// The last sector of the disk that the table was made for.
    pub last_sector: u64,
}

impl Table {
    /// Lays partitions out one after the other: `(name, kind, bytes, bootable)` each. The GUIDs are
    /// made from `seed`, so that an image can be made twice the same.
    pub fn lay_out(
        seed: [u8; 16],
        wanted: &[(&str, [u8; 16], u64, bool)],
    ) -> Result<Self, GptError> {
        let mut at = ALIGNMENT;
        let mut partitions = Vec::new();
        for (index, (name, kind, bytes, bootable)) in wanted.iter().enumerate() {
            if name.encode_utf16().count() > NAME_UNITS {
                return Err(GptError::Name((*name).to_owned()));
            }
            let sectors = bytes.div_ceil(SECTOR).next_multiple_of(ALIGNMENT);
            let mut guid = seed;
            guid[15] = guid[15].wrapping_add(u8::try_from(index + 1).unwrap_or(u8::MAX));
            partitions.push(Partition {
                name: (*name).to_owned(),
                kind: *kind,
                guid,
                first: at,
                last: at + sectors - 1,
                bootable: *bootable,
            });
            at += sectors;
        }
        Ok(Self {
            guid: seed,
            partitions,
            // The second copy takes the last mebibyte.
            last_sector: at + ALIGNMENT - 1,
        })
    }

    /// The partition of this name and its number, from 1.
    pub fn find(&self, name: &str) -> Option<(usize, &Partition)> {
        let index = self.partitions.iter().position(|it| it.name == name)?;
        Some((index + 1, &self.partitions[index]))
    }

    /// Bytes of the disk that the table was made for.
    pub fn disk_size(&self) -> u64 {
        (self.last_sector + 1) * SECTOR
    }

    /// Has the last partition end where a disk of `size` bytes does. Whether that changed
    /// anything: a disk that is not larger changes nothing.
    pub fn grow(&mut self, size: u64) -> Result<bool, GptError> {
        let sectors = size / SECTOR;
        let Some(last) = self.partitions.iter_mut().max_by_key(|it| it.last) else {
            return Ok(false);
        };
        let reserved = ENTRY_SECTORS + 1;
        let needed = last.last + 1 + reserved;
        if sectors < needed {
            return Err(GptError::Small {
                needed: needed * SECTOR,
                size,
            });
        }
        let end = (sectors - reserved) / ALIGNMENT * ALIGNMENT;
        if sectors - 1 <= self.last_sector {
            return Ok(false);
        }
        self.last_sector = sectors - 1;
        last.last = last.last.max(end - 1);
        Ok(true)
    }

    /// Reads the table of a disk of `size` bytes: the first whole copy.
    pub fn read(disk: &mut (impl Read + Seek), size: u64) -> Result<Self, GptError> {
        let sectors = size / SECTOR;
        let mut places = vec![1];
        if let Some(last) = sectors.checked_sub(1) {
            places.push(last);
        }
        for place in places {
            if let Some(table) = read_copy(disk, place, sectors)? {
                return Ok(table);
            }
        }
        Err(GptError::Damaged)
    }

    /// Writes both copies, and the record that keeps old systems from taking the disk for empty.
    /// `sync` is called between them: the second is there before the first is touched.
    pub fn write<D: Write + Seek>(
        &self,
        disk: &mut D,
        mut sync: impl FnMut(&mut D) -> io::Result<()>,
    ) -> Result<(), GptError> {
        let entries = self.entries();
        let backup = self.last_sector - ENTRY_SECTORS;
        put(disk, backup, &entries)?;
        put(
            disk,
            self.last_sector,
            &self.header(&entries, self.last_sector, 1, backup),
        )?;
        sync(disk)?;
        put(disk, 2, &entries)?;
        put(disk, 1, &self.header(&entries, 1, self.last_sector, 2))?;
        put(disk, 0, &self.protective_record())?;
        sync(disk)?;
        Ok(())
    }

    fn entries(&self) -> Vec<u8> {
        let mut bytes = vec![0; ENTRIES * ENTRY];
        for (partition, entry) in self.partitions.iter().zip(bytes.chunks_exact_mut(ENTRY)) {
            entry[..16].copy_from_slice(&partition.kind);
            entry[16..32].copy_from_slice(&partition.guid);
            entry[32..40].copy_from_slice(&partition.first.to_le_bytes());
            entry[40..48].copy_from_slice(&partition.last.to_le_bytes());
            let flags = if partition.bootable {
                LEGACY_BOOTABLE
            } else {
                0
            };
            entry[48..56].copy_from_slice(&flags.to_le_bytes());
            let units = partition.name.encode_utf16().take(NAME_UNITS);
            for (unit, place) in units.zip(entry[56..].chunks_exact_mut(2)) {
                place.copy_from_slice(&unit.to_le_bytes());
            }
        }
        bytes
    }

    fn header(&self, entries: &[u8], own: u64, other: u64, entries_at: u64) -> Vec<u8> {
        let mut bytes = vec![0; SECTOR as usize];
        bytes[..8].copy_from_slice(b"EFI PART");
        bytes[8..12].copy_from_slice(&0x1_0000_u32.to_le_bytes());
        bytes[12..16].copy_from_slice(&(HEADER as u32).to_le_bytes());
        bytes[24..32].copy_from_slice(&own.to_le_bytes());
        bytes[32..40].copy_from_slice(&other.to_le_bytes());
        bytes[40..48].copy_from_slice(&(2 + ENTRY_SECTORS).to_le_bytes());
        let last_usable = self.last_sector - ENTRY_SECTORS - 1;
        bytes[48..56].copy_from_slice(&last_usable.to_le_bytes());
        bytes[56..72].copy_from_slice(&self.guid);
        bytes[72..80].copy_from_slice(&entries_at.to_le_bytes());
        bytes[80..84].copy_from_slice(&(ENTRIES as u32).to_le_bytes());
        bytes[84..88].copy_from_slice(&(ENTRY as u32).to_le_bytes());
        bytes[88..92].copy_from_slice(&crc32fast::hash(entries).to_le_bytes());
        let crc = crc32fast::hash(&bytes[..HEADER]);
        bytes[16..20].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn protective_record(&self) -> Vec<u8> {
        let mut bytes = vec![0; SECTOR as usize];
        let entry = &mut bytes[446..462];
        entry[1..4].copy_from_slice(&[0, 2, 0]);
        entry[4] = 0xee;
        entry[5..8].copy_from_slice(&[0xff; 3]);
        entry[8..12].copy_from_slice(&1_u32.to_le_bytes());
        let sectors = u32::try_from(self.last_sector).unwrap_or(u32::MAX);
        entry[12..16].copy_from_slice(&sectors.to_le_bytes());
        bytes[510..].copy_from_slice(&[0x55, 0xaa]);
        bytes
    }
}

fn put(disk: &mut (impl Write + Seek), sector: u64, bytes: &[u8]) -> io::Result<()> {
    disk.seek(SeekFrom::Start(sector * SECTOR))?;
    disk.write_all(bytes)
}

/// The copy whose header is at a sector, if it is whole.
fn read_copy(
    disk: &mut (impl Read + Seek),
    sector: u64,
    sectors: u64,
) -> Result<Option<Table>, GptError> {
    let mut header = [0; SECTOR as usize];
    disk.seek(SeekFrom::Start(sector * SECTOR))?;
    if let Err(error) = disk.read_exact(&mut header) {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => Ok(None),
            _ => Err(error.into()),
        };
    }
    let crc = u32_at(&header, 16);
    header[16..20].fill(0);
    let whole = header.starts_with(b"EFI PART")
        && u32_at(&header, 12) as usize == HEADER
        && crc32fast::hash(&header[..HEADER]) == crc
        && u64_at(&header, 24) == sector
        && u32_at(&header, 80) as usize == ENTRIES
        && u32_at(&header, 84) as usize == ENTRY;
    let entries_at = u64_at(&header, 72);
    if !whole || entries_at >= sectors {
        return Ok(None);
    }
    let mut entries = vec![0; ENTRIES * ENTRY];
    disk.seek(SeekFrom::Start(entries_at * SECTOR))?;
    disk.read_exact(&mut entries)?;
    if crc32fast::hash(&entries) != u32_at(&header, 88) {
        return Ok(None);
    }
    let partitions: Vec<Partition> = entries
        .chunks_exact(ENTRY)
        .take_while(|entry| entry[..16] != [0; 16])
        .map(partition)
        .collect();
    let last_sector = u64_at(&header, 32).max(sector);
    let sane = partitions
        .iter()
        .all(|it| it.first <= it.last && it.last < last_sector);
    Ok(sane.then(|| Table {
        guid: bytes_at(&header, 56),
        partitions,
        last_sector,
    }))
}

fn partition(entry: &[u8]) -> Partition {
    let units: Vec<u16> = entry[56..]
        .chunks_exact(2)
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
        .take_while(|unit| *unit != 0)
        .collect();
    Partition {
        name: String::from_utf16_lossy(&units),
        kind: bytes_at(entry, 0),
        guid: bytes_at(entry, 16),
        first: u64_at(entry, 32),
        last: u64_at(entry, 40),
        bootable: u64_at(entry, 48) & LEGACY_BOOTABLE != 0,
    }
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut taken = [0; N];
    taken.copy_from_slice(&bytes[at..at + N]);
    taken
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes_at(bytes, at))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Cursor;

    const MIB: u64 = 1 << 20;

    fn table() -> Table {
        Table::lay_out(
            [7; 16],
            &[
                ("boot", TYPE_BASIC, MIB, true),
                ("state", TYPE_LINUX, 5, false),
                ("data", TYPE_LINUX, 2 * MIB, false),
            ],
        )
        .unwrap()
    }

    fn disk(table: &Table, size: u64) -> Cursor<Vec<u8>> {
        let mut disk = Cursor::new(vec![0; usize::try_from(size).unwrap()]);
        table.write(&mut disk, |_| Ok(())).unwrap();
        disk
    }

    #[test]
    fn what_is_written_is_read() {
        let table = table();
        assert_eq!(table.disk_size(), 6 * MIB);
        let mut disk = disk(&table, table.disk_size());
        assert_eq!(Table::read(&mut disk, table.disk_size()).unwrap(), table);
        let (number, data) = table.find("data").unwrap();
        assert_eq!((number, data.offset(), data.size()), (3, 3 * MIB, 2 * MIB));
    }

    #[test]
    fn the_last_partition_grows_to_the_disk_once() {
        let mut table = table();
        let mut disk = disk(&table, 16 * MIB);
        assert!(table.grow(16 * MIB).unwrap());
        assert!(!table.grow(16 * MIB).unwrap());
        table.write(&mut disk, |_| Ok(())).unwrap();
        let read = Table::read(&mut disk, 16 * MIB).unwrap();
        assert_eq!(read, table);
        assert_eq!(read.find("data").unwrap().1.size(), 12 * MIB);
        assert_eq!(read.find("boot").unwrap().1.size(), MIB);
    }

    #[test]
    fn a_disk_that_is_too_small_is_told() {
        let error = table().grow(3 * MIB).unwrap_err();
        assert!(matches!(error, GptError::Small { .. }), "{error}");
    }

    #[test]
    fn either_copy_is_enough() {
        let table = table();
        let size = table.disk_size();
        for broken in [SECTOR, 2 * SECTOR + 40, size - SECTOR] {
            let mut disk = disk(&table, size);
            let at = usize::try_from(broken).unwrap();
            disk.get_mut()[at + 20] ^= 1;
            assert_eq!(Table::read(&mut disk, size).unwrap(), table, "{broken}");
        }
        let mut disk = disk(&table, size);
        disk.get_mut()[..4096].fill(0);
        let start = usize::try_from(size).unwrap() - 4096;
        disk.get_mut()[start..].fill(0);
        let error = Table::read(&mut disk, size).unwrap_err();
        assert!(matches!(error, GptError::Damaged));
    }

    #[test]
    fn a_power_cut_at_any_write_leaves_a_table() {
        // Growing: as many sectors as `kept` reach the disk, in the order of the writes.
        struct Cut(Cursor<Vec<u8>>, usize);
        impl Write for Cut {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                for sector in bytes.chunks(SECTOR as usize) {
                    if self.1 == 0 {
                        return Ok(bytes.len());
                    }
                    self.1 -= 1;
                    self.0.write_all(sector)?;
                }
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        impl Seek for Cut {
            fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
                self.0.seek(to)
            }
        }
        let old = table();
        let mut new = table();
        new.grow(16 * MIB).unwrap();
        for kept in 0..=2 * ENTRY_SECTORS as usize + 3 {
            let mut cut = Cut(disk(&old, 16 * MIB), kept);
            new.write(&mut cut, |_| Ok(())).unwrap();
            let read = Table::read(&mut cut.0, 16 * MIB).unwrap();
            assert!(read == old || read == new, "after {kept} sectors");
        }
    }
}
