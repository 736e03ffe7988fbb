//! An uploaded file as an answer: whole or one range of it, with the headers that keep a browser
//! from running what a stranger wrote.

use std::{fmt::Write as _, ops::Range};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use magpie_media::{Depot, MediaError, Opened, Variant};

use crate::problem::Problem;

/// Nothing of it runs, nothing is fetched for it, and no page frames it.
const POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// How long a copy may be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep {
    /// By everyone.
    Public,
    /// By the reader alone. The content of an address never changes, but it may be erased.
    Private,
}

/// What was asked for.
pub(crate) struct Wanted<'a> {
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    /// To be saved, whatever it is.
    pub(crate) save: bool,
    pub(crate) keep: Keep,
}

/// Answers with a file.
pub(crate) async fn respond(
    depot: &Depot,
    opened: &Opened,
    wanted: Wanted<'_>,
) -> Result<Response, Problem> {
    let etag = match opened.variant {
        Variant::File => format!("\"{}\"", opened.id),
        Variant::Thumb => format!("\"{}-t\"", opened.id),
    };
    let text = |name| wanted.headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    // A range of another file than the reader has is of no use to him.
    let same = text(header::IF_RANGE).is_none_or(|tag| tag.trim() == etag);
    let range = text(header::RANGE).filter(|_| same).map_or(Asked::All, |t| asked(t, opened.len));
    let mut response = if is_known(wanted.headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match range {
            Asked::Nothing => {
                let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
                set(&mut response, header::CONTENT_RANGE, &format!("bytes */{}", opened.len));
                response
            }
            Asked::All => part(depot, opened, &wanted, 0..opened.len, StatusCode::OK).await?,
            Asked::Part(range) => {
                let told = format!("bytes {}-{}/{}", range.start, range.end - 1, opened.len);
                let partial = StatusCode::PARTIAL_CONTENT;
                let mut response = part(depot, opened, &wanted, range, partial).await?;
                set(&mut response, header::CONTENT_RANGE, &told);
                response
            }
        }
    };
    let cache = match wanted.keep {
        Keep::Public => "public, max-age=31536000, immutable",
        Keep::Private => "private, max-age=3600, immutable",
    };
    set(&mut response, header::ETAG, &etag);
    set(&mut response, header::CACHE_CONTROL, cache);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::CONTENT_SECURITY_POLICY, POLICY);
    // Whoever holds the address may show the file, on pages of other origins too.
    let policy = header::HeaderName::from_static("cross-origin-resource-policy");
    set(&mut response, policy, "cross-origin");
    Ok(response)
}

/// Whether the reader says with `If-None-Match` that he has it.
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let list = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    list.is_some_and(|list| {
        list.split(',').any(|tag| tag.trim() == "*" || tag.trim().trim_start_matches("W/") == etag)
    })
}

async fn part(
    depot: &Depot,
    opened: &Opened,
    wanted: &Wanted<'_>,
    range: Range<u64>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let len = range.end - range.start;
    let body = if wanted.method == Method::HEAD {
        Body::empty()
    } else {
        let stream = depot.stream(opened, range).await?;
        Body::from_stream(stream.ok_or(MediaError::Unknown)?)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(len));
    set(&mut response, header::CONTENT_TYPE, opened.kind.mime);
    let inline = opened.kind.inline && !wanted.save;
    set(&mut response, header::CONTENT_DISPOSITION, &disposition(inline, &opened.name));
    Ok(response)
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// RFC 6266: a plain name for old programs, and the real one.
fn disposition(inline: bool, name: &str) -> String {
    let how = if inline { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " ._-()".contains(c) { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    Part(Range<u64>),
    /// Nothing that is there.
    Nothing,
}

/// Reads a range. What cannot be read, and more than one, is answered with the whole.
fn asked(header: &str, len: u64) -> Asked {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let range = header.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let Some((from, to)) = range else { return Asked::All };
    let found = match (number(from.trim()), number(to.trim())) {
        (Some(from), Some(to)) if to < from => return Asked::All,
        (Some(from), Some(to)) => from..to.saturating_add(1).min(len),
        (Some(from), None) if to.trim().is_empty() => from..len,
        (None, Some(last)) if from.trim().is_empty() => len.saturating_sub(last)..len,
        _ => return Asked::All,
    };
    if found.start < found.end { Asked::Part(found) } else { Asked::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_as_the_standard_says_and_anything_else_is_the_whole() {
        let cases = [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=0-", Asked::Part(0..100)),
            ("bytes=99-", Asked::Part(99..100)),
            ("bytes=10-19", Asked::Part(10..20)),
            ("bytes=90-1000", Asked::Part(90..100)),
            ("bytes=-1", Asked::Part(99..100)),
            ("bytes=-1000", Asked::Part(0..100)),
            ("bytes=0-99999999999999999999", Asked::Part(0..100)),
            ("bytes=100-", Asked::Nothing),
            ("bytes=99999999999999999999-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=5-4", Asked::All),
            ("bytes=0-1,5-6", Asked::All),
            ("bytes=-", Asked::All),
            ("bytes=a-b", Asked::All),
            ("bytes=+1-2", Asked::All),
            ("lines=1-2", Asked::All),
            ("", Asked::All),
        ];
        for (header, wanted) in cases {
            assert_eq!(asked(header, 100), wanted, "{header}");
        }
        assert_eq!(asked("bytes=0-", 0), Asked::Nothing);
    }

    #[test]
    fn a_name_cannot_leave_its_header() {
        let text = disposition(true, "账单\"; x=\r\n.pdf");
        assert_eq!(
            text,
            "inline; filename=\"___ x___.pdf\"; filename*=UTF-8''%E8%B4%A6%E5%8D%95%22%3B%20x%3D%0D%0A.pdf"
                .replace("___ x___", "____ x___")
        );
        assert!(text.is_ascii() && !text.contains(['\r', '\n']));
    }
}
