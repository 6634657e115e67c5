//! Distributed tracing ids (W3C Trace Context, level 1), continued from the caller or from X-Ray.

use super::Event;
use crate::entropy::{Entropy, bytes, hex};

/// Where this request stands in its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// 32 hexadecimal digits, shared by all spans of the trace.
    pub trace_id: String,
    /// 16 hexadecimal digits: this request's own span.
    pub span_id: String,
    sampled: bool,
}

impl Trace {
    /// Continues `traceparent`, else X-Ray's `x-amzn-trace-id`, else begins a trace.
    pub fn of(event: &Event, entropy: &dyn Entropy) -> Self {
        let span_id = hex(&bytes::<8>(entropy));
        let continued = event
            .header("traceparent")
            .and_then(parse_traceparent)
            .or_else(|| event.header("x-amzn-trace-id").and_then(parse_x_ray));
        let (trace_id, sampled) = continued.unwrap_or_else(|| (hex(&bytes::<16>(entropy)), true));
        Self { trace_id, span_id, sampled }
    }

    /// `00-<trace id>-<span id>-<flags>`.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{}", self.trace_id, self.span_id, if self.sampled { "01" } else { "00" })
    }
}

fn is_id(text: &str, digits: usize) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == digits && text.bytes().all(hex) && text.bytes().any(|byte| byte != b'0')
}

fn parse_traceparent(header: &str) -> Option<(String, bool)> {
    let parts: Vec<&str> = header.trim().split('-').collect();
    let [version, trace_id, parent_id, flags, rest @ ..] = parts.as_slice() else { return None };
    let flags = u8::from_str_radix(flags, 16).ok().filter(|_| flags.len() == 2)?;
    // A later version may add parts; version ff is forbidden.
    let version_fits = *version == "00" && rest.is_empty()
        || version.len() == 2 && *version != "00" && *version != "ff" && u8::from_str_radix(version, 16).is_ok();
    (version_fits && is_id(trace_id, 32) && is_id(parent_id, 16))
        .then(|| ((*trace_id).to_owned(), flags & 1 == 1))
}

/// `Root=1-<8 digits>-<24 digits>;Parent=…;Sampled=0|1`: the root's digits are a W3C trace id.
fn parse_x_ray(header: &str) -> Option<(String, bool)> {
    let part = |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name));
    let (epoch, unique) = part("Root=1-")?.split_once('-')?;
    let trace_id = format!("{epoch}{unique}");
    (epoch.len() == 8 && is_id(&trace_id, 32)).then(|| (trace_id, part("Sampled=") != Some("0")))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ones;
    impl Entropy for Ones {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0x11);
        }
    }

    fn traceparent(name: &str, value: &str) -> String {
        let headers = [(name.to_owned(), value.to_owned())].into();
        Trace::of(&Event { headers, ..Event::default() }, &Ones).traceparent()
    }

    #[test]
    fn continues_the_callers_trace() {
        let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let own = "00-0af7651916cd43dd8448eb211c80319c-1111111111111111-01";
        assert_eq!(traceparent("traceparent", given), own);
        let x_ray = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=53995c3f42cd8ad8;Sampled=1";
        assert_eq!(traceparent("x-amzn-trace-id", x_ray), own);
    }

    #[test]
    fn begins_its_own_where_the_callers_is_malformed() {
        let fresh = "00-11111111111111111111111111111111-1111111111111111-01";
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "<script>",
        ] {
            assert_eq!(traceparent("traceparent", bad), fresh, "{bad}");
        }
    }
}
