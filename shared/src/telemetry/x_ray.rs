//! X-Ray's tracing header.

/// Where a request stands in X-Ray's trace: `Root=1-<8 digits>-<24 digits>;Parent=…;Sampled=0|1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XRay {
    root: String,
    /// Whether the trace is kept. Where nobody has decided yet, it counts as kept.
    pub sampled: bool,
}

impl XRay {
    /// Reads the header; `None` where it names no trace.
    pub fn parse(header: &str) -> Option<Self> {
        let part = |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name));
        let root = part("Root=")?;
        let (epoch, unique) = root.strip_prefix("1-")?.split_once('-')?;
        let hex = |digits: &str, count: usize| {
            digits.len() == count && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        // W3C knows no trace of zeros alone.
        let is_root = hex(epoch, 8) && hex(unique, 24) && root[2..].bytes().any(|byte| byte > b'0');
        is_root.then(|| Self { root: root.to_owned(), sampled: part("Sampled=") != Some("0") })
    }

    /// The id by which X-Ray's console finds the trace.
    pub fn trace_id(&self) -> &str {
        &self.root
    }

    /// The same id in W3C's form: 32 hexadecimal digits.
    pub fn w3c_trace_id(&self) -> String {
        self.root[2..].replace('-', "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_lambda_sends() {
        let root = "1-5759e988-bd862e3fe1be46a994272793";
        for (rest, sampled) in [
            ("", true),
            (";Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0", true),
            (";Parent=53995c3f42cd8ad8;Sampled=?", true),
            ("; Sampled=0", false),
        ] {
            let read = XRay::parse(&format!("Root={root}{rest}")).unwrap();
            assert_eq!((read.trace_id(), read.sampled), (root, sampled), "{rest}");
            assert_eq!(read.w3c_trace_id(), "5759e988bd862e3fe1be46a994272793");
        }
        for bad in [
            "",
            "Root=",
            "Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd86",
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759E988-bd862e3fe1be46a994272793",
            "Root=1-00000000-000000000000000000000000",
            "Root=1-5759e98-8bd862e3fe1be46a994272793",
            "Root=1-5759e988-zoe@example.com00000000",
        ] {
            assert_eq!(XRay::parse(bad), None, "{bad}");
        }
    }
}
