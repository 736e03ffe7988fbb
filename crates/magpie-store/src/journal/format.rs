//! What a segment looks like on disk: a header, then batches, each behind a checksum. Pure
//! functions over bytes; they change only together with the format version.
//!
//! A batch's checksum covers its segment's number and secret salt: neither what an earlier use of
//! the file left behind nor bytes inside a payload can pass for a batch.

use std::ops::Range;

use magpie_core::model::Position;

/// Length of a segment's header.
pub(super) const SEGMENT_HEADER_BYTES: usize = 64;
/// Length of a batch's header.
pub(super) const BATCH_HEADER_BYTES: usize = 32;
/// Version of all this.
pub(super) const FORMAT_VERSION: u32 = 1;
/// Largest payload.
pub(super) const PAYLOAD_MAX_BYTES: usize = 1 << 30;

const MAGIC: [u8; 8] = *b"MAGPIE\0J";
const ALIGN: usize = 8;

/// What the front of a segment says.
///
/// It does not say where the segment begins in history: it is written ahead, when nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    /// Rises from segment to segment and is never used again.
    pub(super) number: u64,
    /// Length of the file.
    pub(super) size: u64,
    /// Drawn anew for each use of a file.
    pub(super) salt: u64,
}

/// Why the front of a segment is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderFault {
    /// Sound, but of a later version.
    Newer(u32),
    /// Not a header.
    Damaged(&'static str),
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.size.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.salt.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Magic, version and checksum have their places in every version to come.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        let Some(bytes) = bytes.first_chunk::<SEGMENT_HEADER_BYTES>() else {
            return Err(HeaderFault::Damaged("it is shorter than a segment's header"));
        };
        if bytes[..8] != MAGIC {
            return Err(HeaderFault::Damaged("it does not begin like a journal segment"));
        }
        if crc32fast::hash(&bytes[..60]) != u32_at(bytes, 60) {
            return Err(HeaderFault::Damaged("the checksum of the segment's header is wrong"));
        }
        match u32_at(bytes, 8) {
            FORMAT_VERSION => {}
            found if found > FORMAT_VERSION => return Err(HeaderFault::Newer(found)),
            _ => return Err(HeaderFault::Damaged("its format version does not exist")),
        }
        Ok(Self { number: u64_at(bytes, 16), size: u64_at(bytes, 24), salt: u64_at(bytes, 32) })
    }
}

/// A sound batch inside a segment's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) first: Position,
    pub(super) last: Position,
    pub(super) payload: Range<usize>,
    /// Where the next one begins.
    pub(super) end: usize,
}

/// Room a batch takes in a segment.
pub(super) fn batch_bytes(payload_len: usize) -> usize {
    BATCH_HEADER_BYTES + payload_len.next_multiple_of(ALIGN)
}

/// Puts a batch into `out`, in place of what is there.
pub(super) fn encode_batch(
    out: &mut Vec<u8>,
    segment: &SegmentHeader,
    (first, last): (Position, Position),
    payload: &[u8],
) {
    out.clear();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&segment.salt.to_le_bytes());
    out.extend_from_slice(&first.to_le_bytes());
    out.extend_from_slice(&last.to_le_bytes());
    out.extend_from_slice(payload);
    let crc = checksum(segment.number, out.get(4..).unwrap_or_default());
    out[..4].copy_from_slice(&crc.to_le_bytes());
    out.resize(batch_bytes(payload.len()), 0);
}

/// Zeros where the next batch will begin, so that the end of a segment is told from a torn batch.
pub(super) fn push_end(out: &mut Vec<u8>, room: usize) {
    out.resize(out.len() + room.min(BATCH_HEADER_BYTES), 0);
}

/// The batch that begins at `offset`, if a sound one does.
pub(super) fn batch_at(bytes: &[u8], offset: usize, segment: &SegmentHeader) -> Option<Found> {
    let header = bytes.get(offset..)?.first_chunk::<BATCH_HEADER_BYTES>()?;
    if u64_at(header, 8) != segment.salt {
        return None;
    }
    let payload_len = usize::try_from(u32_at(header, 4)).ok()?;
    let start = offset + BATCH_HEADER_BYTES;
    let payload = start..start.checked_add(payload_len)?;
    let end = offset.checked_add(batch_bytes(payload_len))?;
    let (first, last) = (u64_at(header, 16), u64_at(header, 24));
    if end > bytes.len() || first > last {
        return None;
    }
    let sum = checksum(segment.number, bytes.get(offset + 4..payload.end)?);
    (sum == u32_at(header, 0)).then_some(Found { first, last, payload, end })
}

/// A sound batch somewhere behind `offset`.
pub(super) fn batch_behind(
    bytes: &[u8],
    offset: usize,
    segment: &SegmentHeader,
) -> Option<(usize, Found)> {
    let last = bytes.len().checked_sub(BATCH_HEADER_BYTES)?;
    (offset + ALIGN..=last)
        .step_by(ALIGN)
        .find_map(|at| batch_at(bytes, at, segment).map(|found| (at, found)))
}

/// Bytes of a broken batch at `offset`; 0 where nothing was begun.
pub(super) fn torn_bytes(bytes: &[u8], offset: usize, segment: &SegmentHeader) -> usize {
    let rest = bytes.get(offset..).unwrap_or_default();
    let slot = rest.get(..BATCH_HEADER_BYTES).unwrap_or(rest);
    if slot.iter().all(|byte| *byte == 0) {
        return 0;
    }
    match slot.first_chunk::<BATCH_HEADER_BYTES>() {
        Some(header) if u64_at(header, 8) == segment.salt => {
            let payload_len = usize::try_from(u32_at(header, 4)).unwrap_or(usize::MAX);
            payload_len.saturating_add(BATCH_HEADER_BYTES).min(rest.len())
        }
        _ => slot.len(),
    }
}

fn checksum(number: u64, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

fn u32_at<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |raw| u32::from_le_bytes(*raw))
}

fn u64_at<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |raw| u64::from_le_bytes(*raw))
}
