//! The languages in which this service writes to people.

/// A language of our texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tongue {
    /// English, also where somebody wants neither.
    English,
    /// Chinese.
    Chinese,
}

impl Tongue {
    /// The one that `Accept-Language` prefers (RFC 9110, section 12.5.4).
    ///
    /// Ranges match by their primary subtag (`zh-Hant-TW` is Chinese); between equal weights the first one wins.
    pub fn negotiated(accept_language: Option<&str>) -> Self {
        let mut best = (0, Self::English);
        for range in accept_language.unwrap_or_default().split(',') {
            let mut parts = range.split(';');
            let tongue = match primary_subtag(parts.next().unwrap_or_default().trim()).as_str() {
                "zh" => Self::Chinese,
                "en" | "*" => Self::English,
                _ => continue,
            };
            let weight = weight(parts);
            if weight > best.0 {
                best = (weight, tongue);
            }
        }
        best.1
    }

    /// The one for somebody whose language has this tag (BCP 47), if it is known.
    pub fn of_language(tag: Option<&str>) -> Self {
        if primary_subtag(tag.unwrap_or_default()) == "zh" { Self::Chinese } else { Self::English }
    }

    /// Picks a text.
    pub const fn of<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// The language tag.
    pub const fn tag(self) -> &'static str {
        self.of("en", "zh")
    }
}

fn primary_subtag(tag: &str) -> String {
    tag.split('-').next().unwrap_or_default().to_ascii_lowercase()
}

/// The weight among the parameters of what a header prefers, in thousandths (RFC 9110, section 12.4.2).
pub fn weight<'a>(parameters: impl IntoIterator<Item = &'a str>) -> u32 {
    let quality = |part: &str| {
        let part = part.trim();
        part.strip_prefix("q=").or(part.strip_prefix("Q=")).map(thousandths)
    };
    parameters.into_iter().find_map(quality).unwrap_or(1_000)
}

/// A quality value in thousandths; 0 where it is malformed.
fn thousandths(quality: &str) -> u32 {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let digits = format!("{fraction:0<3}");
    // Number parsers accept signs.
    if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    match (whole, digits.parse::<u32>()) {
        ("1", Ok(0)) => 1_000,
        ("0", Ok(thousandths)) => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiates_by_weight_then_order() {
        for (header, tongue) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Tongue::Chinese),
            ("en-GB, zh;q=0.9", Tongue::English),
            ("en;q=0.5, zh;q=0.501", Tongue::Chinese),
            ("fr, zh;q=0.1", Tongue::Chinese),
            ("en;Q=0.1, zh;q=0.5", Tongue::Chinese),
            ("ZH-hant-tw", Tongue::Chinese),
            ("zh;q=0, en;q=0.1", Tongue::English),
            ("zh;q=0", Tongue::English),
            ("zh;q=2", Tongue::English),
            ("fr", Tongue::English),
            ("*", Tongue::English),
            ("zh, en", Tongue::Chinese),
            ("", Tongue::English),
            (";;,,q=1", Tongue::English),
        ] {
            assert_eq!(Tongue::negotiated(Some(header)), tongue, "{header}");
        }
        assert_eq!(Tongue::negotiated(None), Tongue::English);
    }

    #[test]
    fn a_language_has_a_tongue() {
        for (tag, tongue) in [
            (Some("zh-CN"), Tongue::Chinese),
            (Some("zh"), Tongue::Chinese),
            (Some("ZH-Hant-HK"), Tongue::Chinese),
            (Some("zha"), Tongue::English),
            (Some("en-US"), Tongue::English),
            (Some("fr"), Tongue::English),
            (None, Tongue::English),
        ] {
            assert_eq!(Tongue::of_language(tag), tongue, "{tag:?}");
        }
    }
}
