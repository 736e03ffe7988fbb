//! The younger effects: what becomes of messages after they were stored, drafts, devices, uploads.
//! The same rules as above: a tag and its fields never change.

use magpie_core::model::{Device, Draft, Media, RevisionKind};
use magpie_proto::MediaId;

use super::{
    super::{
        BodyRow, ChangeRow, DeviceRow, DraftRow, Effect, MediaRefRow, MediaRow, ReactionRow,
        VoidRow,
    },
    CodecError, Input, bytes, id, numbers, signed, tag, text,
};

pub(super) fn encode(effect: &Effect, out: &mut Vec<u8>) {
    match effect {
        Effect::Body(row) => {
            out.push(tag::BODY);
            numbers(out, &[id(row.conversation), row.seq]);
            bytes(out, row.body.as_bytes());
        }
        Effect::Void(row) => {
            out.push(tag::VOID);
            numbers(out, &[id(row.conversation), row.seq, signed(row.sender)]);
        }
        Effect::Change(row) => {
            out.push(tag::CHANGE);
            numbers(out, &[id(row.conversation), row.seq, row.rev, row.ver, kind(row.kind)]);
            // Nothing was ever edited at 0.
            numbers(out, &[signed(row.by), row.at_ms, row.edited_ms.unwrap_or(0)]);
        }
        Effect::Reaction(row) => {
            out.push(tag::REACTION);
            numbers(out, &[id(row.conversation), row.seq, signed(row.no), u64::from(row.on)]);
            text(out, row.id.as_str());
            text(out, &row.emoji);
            numbers(out, &[row.rev, row.first_rev]);
        }
        Effect::Draft(row) => draft(row, out),
        Effect::Device(DeviceRow { no, device }) => {
            out.push(tag::DEVICE);
            numbers(out, &[signed(*no)]);
            text(out, &device.id);
            text(out, &device.name);
            numbers(out, &[device.first_ms, device.last_ms, device.signed_out_ms]);
        }
        Effect::Media(row) => media(row, out),
        Effect::MediaGone(media) => {
            out.push(tag::MEDIA_GONE);
            out.extend_from_slice(&media.to_bytes());
        }
        Effect::MediaRef(row) => {
            out.push(tag::MEDIA_REF);
            out.extend_from_slice(&row.media.to_bytes());
            numbers(out, &[id(row.conversation), row.seq, u64::from(row.on)]);
        }
        // The older ones are written by the caller.
        _ => {}
    }
}

fn draft(row: &DraftRow, out: &mut Vec<u8>) {
    out.push(tag::DRAFT);
    numbers(out, &[id(row.conversation), signed(row.no), u64::from(row.draft.is_some())]);
    if let Some(draft) = &row.draft {
        text(out, &draft.text);
        // Places begin at 1.
        numbers(out, &[draft.reply_to.unwrap_or(0)]);
    }
}

fn media(MediaRow { owner, media }: &MediaRow, out: &mut Vec<u8>) {
    out.push(tag::MEDIA);
    out.extend_from_slice(&media.id.to_bytes());
    numbers(out, &[signed(*owner)]);
    text(out, media.owner.as_str());
    text(out, &media.descriptor);
    numbers(out, &[media.bytes, u64::from(media.public), media.created_ms]);
    numbers(out, &[media.uses, media.free_after_ms, u64::from(media.poster.is_some())]);
    if let Some(poster) = media.poster {
        out.extend_from_slice(&poster.to_bytes());
    }
}

fn kind(kind: RevisionKind) -> u64 {
    match kind {
        RevisionKind::Recall => 0,
        RevisionKind::Edit => 1,
        RevisionKind::React => 2,
    }
}

pub(super) fn decode(input: &mut Input, found: u8, at: usize) -> Result<Effect, CodecError> {
    Ok(match found {
        tag::BODY => Effect::Body(BodyRow {
            conversation: input.id()?,
            seq: input.number()?,
            body: input.body()?,
        }),
        tag::VOID => Effect::Void(VoidRow {
            conversation: input.id()?,
            seq: input.number()?,
            sender: input.signed()?,
        }),
        tag::CHANGE => Effect::Change(input.change()?),
        tag::REACTION => Effect::Reaction(input.reaction()?),
        tag::DRAFT => Effect::Draft(input.draft()?),
        tag::DEVICE => Effect::Device(DeviceRow { no: input.signed()?, device: input.device()? }),
        tag::MEDIA => Effect::Media(input.media()?),
        tag::MEDIA_GONE => Effect::MediaGone(input.media_id()?),
        tag::MEDIA_REF => Effect::MediaRef(MediaRefRow {
            media: input.media_id()?,
            conversation: input.id()?,
            seq: input.number()?,
            on: input.flag("media reference")?,
        }),
        tag => return Err(CodecError::Tag { tag, at }),
    })
}

impl Input {
    fn change(&mut self) -> Result<ChangeRow, CodecError> {
        Ok(ChangeRow {
            conversation: self.id()?,
            seq: self.number()?,
            rev: self.number()?,
            ver: self.number()?,
            kind: match self.number()? {
                0 => RevisionKind::Recall,
                1 => RevisionKind::Edit,
                2 => RevisionKind::React,
                _ => return Err(CodecError::Field { field: "kind", at: self.at }),
            },
            by: self.signed()?,
            at_ms: self.number()?,
            edited_ms: Some(self.number()?).filter(|ms| *ms != 0),
        })
    }

    fn reaction(&mut self) -> Result<ReactionRow, CodecError> {
        let (conversation, seq, no) = (self.id()?, self.number()?, self.signed()?);
        let on = self.flag("reaction")?;
        let (id, emoji) = (self.user_id()?, self.text()?.into());
        let (rev, first_rev) = (self.number()?, self.number()?);
        Ok(ReactionRow { conversation, seq, emoji, no, id, on, rev, first_rev })
    }

    fn draft(&mut self) -> Result<DraftRow, CodecError> {
        let (conversation, no) = (self.id()?, self.signed()?);
        let draft = match self.flag("draft")? {
            true => {
                let text = self.text()?.into();
                let reply_to = Some(self.number()?).filter(|seq| *seq != 0);
                Some(Box::new(Draft { text, reply_to }))
            }
            false => None,
        };
        Ok(DraftRow { conversation, no, draft })
    }

    fn device(&mut self) -> Result<Device, CodecError> {
        Ok(Device {
            id: self.text()?.into(),
            name: self.text()?.into(),
            first_ms: self.number()?,
            last_ms: self.number()?,
            signed_out_ms: self.number()?,
        })
    }

    fn media(&mut self) -> Result<MediaRow, CodecError> {
        let (id, no) = (self.media_id()?, self.signed()?);
        let (owner, descriptor) = (self.user_id()?, self.text()?.into());
        let (bytes, public) = (self.number()?, self.flag("public")?);
        let created_ms = self.number()?;
        let (uses, free_after_ms) = (self.number()?, self.number()?);
        let poster = match self.flag("poster mark")? {
            true => Some(self.media_id()?),
            false => None,
        };
        let media =
            Media { id, owner, bytes, descriptor, poster, public, created_ms, uses, free_after_ms };
        Ok(MediaRow { owner: no, media })
    }

    fn media_id(&mut self) -> Result<MediaId, CodecError> {
        self.array().map(MediaId::from_bytes)
    }
}
