//! Distributed tracing ids (W3C Trace Context, level 1), continued from the caller or from X-Ray.

use super::Event;
use crate::entropy::{Entropy, bytes, hex};
use crate::telemetry::XRay;

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
    /// Continues `traceparent`, else X-Ray's trace, else begins one.
    ///
    /// Vendors' shares of it (`tracestate`) are not read: they would only be handed on, and nothing that this service calls
    /// takes them.
    pub fn of(event: &Event, x_ray: Option<&XRay>, entropy: &dyn Entropy) -> Self {
        let span_id = hex(&bytes::<8>(entropy));
        let callers = event.header("traceparent").and_then(parse_traceparent);
        let continued = callers.or_else(|| x_ray.map(|x_ray| (x_ray.w3c_trace_id(), x_ray.sampled)));
        let (trace_id, sampled) = continued.unwrap_or_else(|| (hex(&bytes::<16>(entropy)), true));
        Self { trace_id, span_id, sampled }
    }

    /// `00-<trace id>-<span id>-<flags>`.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{}", self.trace_id, self.span_id, if self.sampled { "01" } else { "00" })
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

fn parse_traceparent(header: &str) -> Option<(String, bool)> {
    let parts: Vec<&str> = header.trim().split('-').collect();
    let [version, trace_id, parent_id, flags, rest @ ..] = parts.as_slice() else { return None };
    // A later version may add parts; version ff is forbidden.
    let version_fits = match *version {
        "00" => rest.is_empty(),
        "ff" => false,
        version => is_hex(version, 2),
    };
    let is_well_formed = version_fits && is_id(trace_id, 32) && is_id(parent_id, 16) && is_hex(flags, 2);
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    is_well_formed.then(|| ((*trace_id).to_owned(), sampled))
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

    const X_RAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";

    fn trace(traceparent: &str, x_ray: Option<&str>) -> String {
        let headers = [("traceparent".to_owned(), traceparent.to_owned())].into();
        let x_ray = x_ray.and_then(XRay::parse);
        Trace::of(&Event { headers, ..Event::default() }, x_ray.as_ref(), &Ones).traceparent()
    }

    #[test]
    fn continues_the_callers_trace_else_x_rays() {
        for (given, own) in [
            (
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-1111111111111111-01",
            ),
            (
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe",
                "00-0af7651916cd43dd8448eb211c80319c-1111111111111111-00",
            ),
            (
                "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                "00-0af7651916cd43dd8448eb211c80319c-1111111111111111-01",
            ),
            ("", "00-5759e988bd862e3fe1be46a994272793-1111111111111111-00"),
        ] {
            assert_eq!(trace(given, Some(X_RAY)), own, "{given}");
        }
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
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0A",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-+1",
            "+1-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01,00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "<script>",
        ] {
            assert_eq!(trace(bad, None), fresh, "{bad}");
        }
    }
}
