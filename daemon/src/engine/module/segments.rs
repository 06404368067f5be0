//! Data segments that are joined, where a module has more of them than the interpreter takes.
//!
//! Go's linker writes a segment for every run of bytes between eight zeros or more, tens of
//! thousands of them for the smallest program. In a memory that is all zeros these zeros may as
//! well be written.

use super::Refusal;
use std::ops::Range;
use wasm_encoder::{ConstExpr, DataSection};
use wasmparser::{Data, DataKind, DataSectionReader, Operator};

/// As many as the interpreter takes; what has fewer stays as it is.
pub(super) const TAKEN_MAX: u32 = 1000;
/// As many as may be sent, as in the field.
pub(super) const SENT_MAX: u32 = 100_000;
/// Zeros that are written between two of them at most.
const GAP_MAX: u32 = 64;

/// Segments that become one.
pub(super) struct Run {
    /// Where in memory, from its first byte to its last.
    place: Range<u32>,
    segments: Range<usize>,
}

/// What the segments of a module with a memory of its own become; `None` where they stay as they
/// are, be it that they are few or that they cannot be joined to few.
///
/// No code knows them by number: what does has a section that counts them, and no more than
/// [`TAKEN_MAX`].
pub(super) fn joined(reader: &DataSectionReader<'_>) -> Result<Option<Vec<Run>>, Refusal> {
    if reader.count() <= TAKEN_MAX {
        return Ok(None);
    }
    let mut runs: Vec<Run> = Vec::new();
    // Zeros at most double what was sent.
    let mut zeros = reader.range().len();
    for (index, data) in reader.clone().into_iter().enumerate() {
        let Some(place) = place(&data?)? else {
            return Ok(None);
        };
        if let Some((last, before)) = runs.split_last_mut() {
            let gap = last.place.end..place.start;
            let written = |run: &Run| run.place.start < gap.end && gap.start < run.place.end;
            let fits = gap.start <= gap.end && gap.len() <= (GAP_MAX as usize).min(zeros);
            if fits && !before.iter().any(written) {
                zeros -= gap.len();
                last.place.end = place.end;
                last.segments.end = index + 1;
                continue;
            }
        }
        if runs.len() >= TAKEN_MAX as usize {
            return Ok(None);
        }
        runs.push(Run {
            place,
            segments: index..index + 1,
        });
    }
    Ok(Some(runs))
}

/// The section with them.
pub(super) fn section(
    reader: &DataSectionReader<'_>,
    runs: &[Run],
) -> Result<DataSection, Refusal> {
    let mut section = DataSection::new();
    let mut segments = reader.clone().into_iter();
    for run in runs {
        let mut bytes = Vec::with_capacity(run.place.len());
        for data in segments.by_ref().take(run.segments.len()) {
            let data = data?;
            let start = place(&data)?.map_or(run.place.end, |place| place.start);
            bytes.resize((start - run.place.start) as usize, 0);
            bytes.extend_from_slice(data.data);
        }
        let offset = ConstExpr::i32_const(run.place.start.cast_signed());
        section.active(0, &offset, bytes);
    }
    Ok(section)
}

/// Where a segment is written, if that is stated as a number.
fn place(data: &Data<'_>) -> Result<Option<Range<u32>>, Refusal> {
    let DataKind::Active { offset_expr, .. } = &data.kind else {
        return Ok(None);
    };
    let mut operators = offset_expr.get_operators_reader();
    let Operator::I32Const { value } = operators.read()? else {
        return Ok(None);
    };
    let start = value.cast_unsigned();
    let len = u32::try_from(data.data.len()).ok();
    let end = len.and_then(|len| start.checked_add(len));
    let is_all = matches!(operators.read()?, Operator::End);
    Ok(end.filter(|_| is_all).map(|end| start..end))
}
