//! The devices that a user has signed in on, and since when their older tokens are refused.

use std::collections::BTreeMap;

use magpie_core::{
    model::{Device, User},
    port::store::{Outcome, Rejection},
};
use magpie_proto::UserId;
use rusqlite::{OptionalExtension, Result, Row, params};

use super::{decide::Decided, row::uint, state::State, users, view::View};
use crate::effect::{DeviceRow, Effect, UserNo};

/// Most devices that are listed.
const LISTED_MAX: usize = 100;

fn device(row: &Row<'_>) -> Result<Device> {
    Ok(Device {
        id: row.get(0)?,
        name: row.get(1)?,
        first_ms: uint(row, 2)?,
        last_ms: uint(row, 3)?,
        signed_out_ms: uint(row, 4)?,
    })
}

/// A user and one of his devices, whatever became of it.
pub(crate) fn with_user(
    view: &View<'_>,
    user: &UserId,
    id: &str,
) -> Result<(Option<User>, Option<Device>)> {
    let Some(row) = view.user_row(user)? else { return Ok((None, None)) };
    let device = if id.is_empty() { None } else { known(view, row.no, id)? };
    Ok((Some(row.user), device))
}

fn known(view: &View<'_>, no: UserNo, id: &str) -> Result<Option<Device>> {
    if let Some(row) = view.newest(|layer| layer.device(no, id).cloned()) {
        return Ok(Some(row.device));
    }
    view.sql()?
        .prepare_cached(
            "SELECT device, name, first_ms, last_ms, signed_out_ms FROM devices
             WHERE user = ?1 AND device = ?2",
        )?
        .query_row(params![no, id], device)
        .optional()
}

/// Those that are signed in, the last seen first.
pub(crate) fn list(view: &View<'_>, user: &UserId) -> Result<Vec<Device>> {
    let Some(no) = view.number(user)? else { return Ok(Vec::new()) };
    let named = |device: Device| (device.id.clone(), device);
    let mut devices: BTreeMap<Box<str>, Device> = view
        .sql()?
        .prepare_cached(
            "SELECT device, name, first_ms, last_ms, signed_out_ms FROM devices WHERE user = ?1",
        )?
        .query_map([no], |row| device(row).map(named))?
        .collect::<Result<_>>()?;
    let mut newer = BTreeMap::new();
    view.each_layer(|layer| {
        for row in layer.devices().filter(|row| row.no == no) {
            newer.entry(row.device.id.clone()).or_insert_with(|| row.device.clone());
        }
    });
    devices.append(&mut newer);
    let here = |device: &Device| device.signed_out_ms == 0 || device.last_ms > device.signed_out_ms;
    let mut listed: Vec<Device> = devices.into_values().filter(here).collect();
    listed.sort_by(|a, b| b.last_ms.cmp(&a.last_ms).then_with(|| a.id.cmp(&b.id)));
    listed.truncate(LISTED_MAX);
    Ok(listed)
}

/// `Op::DeviceSeen`. When it was signed out stays known: older tokens are never good again.
pub(crate) fn seen(
    view: &View<'_>,
    state: &mut State,
    user: UserId,
    id: Box<str>,
    name: Box<str>,
    at_ms: u64,
) -> Decided {
    let Some(owner) = users::find(view, state, &user)? else {
        return Ok(Err(Rejection::UnknownUser(user)));
    };
    let before = known(view, owner.no, &id)?;
    let mut device = before.clone().unwrap_or_else(|| Device {
        id,
        name: name.clone(),
        first_ms: at_ms,
        last_ms: at_ms,
        signed_out_ms: 0,
    });
    device.last_ms = device.last_ms.max(at_ms);
    if !name.is_empty() {
        device.name = name;
    }
    put(state, owner.no, before, device);
    Ok(Ok(Outcome::Done))
}

/// `Op::SignOutDevice`.
pub(crate) fn sign_out(
    view: &View<'_>,
    state: &mut State,
    user: UserId,
    id: Box<str>,
    at_ms: u64,
) -> Decided {
    let owner = users::find(view, state, &user)?;
    let before = match owner {
        Some(owner) => known(view, owner.no, &id)?.map(|device| (owner.no, device)),
        None => None,
    };
    let Some((no, before)) = before else { return Ok(Err(Rejection::UnknownDevice)) };
    let signed_out_ms = before.signed_out_ms.max(at_ms);
    let device = Device { signed_out_ms, ..before.clone() };
    put(state, no, Some(before), device);
    Ok(Ok(Outcome::SignedOut { user, device: id }))
}

fn put(state: &mut State, no: UserNo, before: Option<Device>, device: Device) {
    if before.as_ref() != Some(&device) {
        state.next_ver();
        state.effect(Effect::Device(DeviceRow { no, device }));
    }
}
