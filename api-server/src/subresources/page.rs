//! An HTML page on its way through a proxy: unpacked, its links led through the proxy, packed.
//!
//! A page that is not UTF-8, or is packed in another way than gzip, passes as it is.

use super::links;
use crate::limits::PROXIED_PAGE_BYTES;
use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use futures::{StreamExt, stream};
use http::Response;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use http_body::Body as _;
use http_body_util::BodyExt;
use object::{ApiError, Result};
use std::io::Read;

/// The answer with each URL in its page given to `lead`; other answers pass.
pub(super) async fn lead_links(
    answer: Response<Body>,
    lead: impl Fn(&str) -> String,
) -> Result<Response<Body>> {
    let is_packed = match text(answer.headers(), CONTENT_ENCODING.as_str()) {
        "" => false,
        "gzip" => true,
        _ => return Ok(answer),
    };
    let kind = text(answer.headers(), CONTENT_TYPE.as_str());
    let is_html = kind.split(';').next().is_some_and(|kind| kind.trim() == "text/html");
    if !is_html || answer.body().is_end_stream() {
        return Ok(answer);
    }
    let (mut head, body) = answer.into_parts();
    let (page, rest) = read(body).await?;
    let is_cut = is_packed && rest.is_some();
    let page = match changed(&page, is_packed, lead).filter(|_| !is_cut) {
        Some(changed) => {
            head.headers.remove(CONTENT_LENGTH);
            changed
        }
        None => page,
    };
    let body = match rest {
        None => Body::from(page),
        Some(rest) => {
            let first = stream::once(async { Ok(Bytes::from(page)) });
            Body::from_stream(first.chain(rest.into_data_stream()))
        }
    };
    Ok(Response::from_parts(head, body))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The page up to the limit, and what stands behind.
async fn read(mut body: Body) -> Result<(Vec<u8>, Option<Body>)> {
    let mut page = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            ApiError::unavailable(format!("error trying to reach service: {error}"))
        })?;
        if let Ok(bytes) = frame.into_data() {
            page.extend_from_slice(&bytes);
        }
        if page.len() > PROXIED_PAGE_BYTES {
            return Ok((page, Some(body)));
        }
    }
    Ok((page, None))
}

/// The page with its links changed; `None` where it can't be read.
fn changed(page: &[u8], is_packed: bool, lead: impl Fn(&str) -> String) -> Option<Vec<u8>> {
    if !is_packed {
        return Some(links::rewrite(std::str::from_utf8(page).ok()?, lead).into_bytes());
    }
    let mut plain = String::new();
    let most = u64::try_from(PROXIED_PAGE_BYTES).unwrap_or(u64::MAX);
    GzDecoder::new(page).take(most).read_to_string(&mut plain).ok()?;
    if plain.len() == PROXIED_PAGE_BYTES {
        return None;
    }
    let mut packed = Vec::new();
    let plain = links::rewrite(&plain, lead);
    GzEncoder::new(plain.as_bytes(), Compression::fast()).read_to_end(&mut packed).ok()?;
    Some(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn led(kind: &str, encoding: &str, body: Vec<u8>) -> Vec<u8> {
        let answer = Response::builder().header(CONTENT_TYPE, kind).header(CONTENT_LENGTH, "16");
        let answer = match encoding {
            "" => answer,
            encoding => answer.header(CONTENT_ENCODING, encoding),
        };
        let answer = lead_links(answer.body(Body::from(body)).unwrap(), |url| format!("/p{url}"));
        answer.await.unwrap().into_body().collect().await.unwrap().to_bytes().to_vec()
    }

    #[tokio::test]
    async fn pages_change_and_other_things_pass() {
        let page = br#"<a href="/x">y</a>"#.to_vec();
        let wanted = br#"<a href="/p/x">y</a>"#.to_vec();
        assert_eq!(led("text/html; charset=utf-8", "", page.clone()).await, wanted);
        assert_eq!(led("text/plain", "", page.clone()).await, page);
        assert_eq!(led("text/html", "br", page.clone()).await, page);
        assert_eq!(led("text/html", "", b"\xff<a href=/x>".to_vec()).await, b"\xff<a href=/x>");

        let mut packed = Vec::new();
        GzEncoder::new(&page[..], Compression::fast()).read_to_end(&mut packed).unwrap();
        let packed = led("text/html", "gzip", packed).await;
        let mut plain = Vec::new();
        GzDecoder::new(&packed[..]).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, wanted);
    }
}
