//! Texts for people, in English and Chinese.

use shared::tongue::Tongue;
use shared::validation::{Bounds, Fault, Form, JsonType, Unit};

/// What rule was broken, for a person.
pub fn describe(fault: &Fault, tongue: Tongue) -> String {
    match fault {
        Fault::Required => tongue.of("must be given", "必须提供").to_owned(),
        Fault::Empty => {
            tongue.of("must not be empty; send null to clear it", "不能为空;如需清除请传 null").to_owned()
        }
        Fault::Unknown => tongue.of("is not a member of this request", "不是此请求的成员").to_owned(),
        Fault::ReadOnly => tongue.of("is not yours to change here", "您无权在此修改").to_owned(),
        Fault::Type(expected) => {
            let (english, chinese) = json_type(*expected);
            tongue.of(&format!("must be {english}"), &format!("必须是{chinese}")).to_owned()
        }
        Fault::Length { min, max, unit } => length(*min, *max, *unit, tongue),
        Fault::Range(bounds) => range(*bounds, tongue),
        Fault::Format(form) => format(*form, tongue),
    }
}

const fn json_type(expected: JsonType) -> (&'static str, &'static str) {
    match expected {
        JsonType::String => ("a string", "字符串"),
        JsonType::Object => ("an object", "对象"),
        JsonType::Number => ("a number", "数字"),
        JsonType::Boolean => ("true or false", "布尔值"),
        JsonType::Array => ("an array", "数组"),
    }
}

fn length(min: usize, max: usize, unit: Unit, tongue: Tongue) -> String {
    let (english, chinese) = match unit {
        Unit::Characters => ("characters", "个字符"),
        Unit::Entries => ("entries", "个条目"),
        Unit::Bytes => ("bytes of JSON", "字节的 JSON"),
    };
    if min <= 1 {
        tongue.of(&format!("must have at most {max} {english}"), &format!("最多 {max} {chinese}")).to_owned()
    } else {
        let chinese = format!("必须为 {min} 到 {max} {chinese}");
        tongue.of(&format!("must have {min} to {max} {english}"), &chinese).to_owned()
    }
}

fn range(bounds: Bounds, tongue: Tongue) -> String {
    match bounds {
        Bounds::DateUntilToday => {
            tongue.of("must lie between 1900-01-01 and today", "必须介于 1900-01-01 与今天之间").to_owned()
        }
        Bounds::Depth(levels) => {
            let chinese = format!("嵌套不能超过 {levels} 层");
            tongue.of(&format!("must not be nested deeper than {levels} levels"), &chinese).to_owned()
        }
        Bounds::StorableNumber => tongue
            .of(
                "must be a number of at most 38 digits below 10^126",
                "必须是不超过 38 位且小于 10^126 的数字",
            )
            .to_owned(),
        Bounds::PageSize(most) => tongue
            .of(&format!("must be a whole number from 1 to {most}"), &format!("必须是 1 到 {most} 的整数"))
            .to_owned(),
        // No request of this contract has one.
        Bounds::Sequence => {
            tongue.of("must be a whole number from 1 to 2^53", "必须是 1 到 2^53 的整数").to_owned()
        }
    }
}

fn format(form: Form, tongue: Tongue) -> String {
    let (english, chinese) = match form {
        Form::PlainText => ("must not hold control characters", "不能包含控制字符"),
        Form::UserId => (
            "must be 1 to 128 letters, digits or ._:|- and begin with a letter or digit",
            "必须是 1 到 128 个字母、数字或 ._:|-,且以字母或数字开头",
        ),
        Form::Username => ("must be a valid username", "必须是有效的用户名"),
        Form::NotDigitsOnly => ("must not be all digits", "不能全是数字"),
        Form::Word => ("must be one lower-case word", "必须是一个小写单词"),
        Form::Date => ("must be a calendar date, YYYY-MM-DD", "必须是 YYYY-MM-DD 格式的日期"),
        Form::HttpsUrl => ("must be an absolute https URL", "必须是完整的 https 网址"),
        Form::WebUrl => ("must be an absolute http or https URL", "必须是完整的 http 或 https 网址"),
        Form::UrlOrHandle => ("must be an absolute https URL or a handle", "必须是完整的 https 网址或账号名"),
        Form::Country => {
            ("must be an ISO 3166-1 alpha-2 code, such as US", "必须是 ISO 3166-1 两位国家代码,如 CN")
        }
        Form::Language => ("must be a BCP 47 language tag, such as en-US", "必须是 BCP 47 语言标签,如 zh-CN"),
        Form::Timezone => (
            "must be a name of the tz database, such as Europe/Paris",
            "必须是 tz 数据库中的时区名,如 Asia/Shanghai",
        ),
        Form::Phone => ("must be a valid telephone number", "必须是有效的电话号码"),
        Form::Email => ("must be a valid e-mail address", "必须是一个有效的邮箱地址"),
        Form::FieldName => (
            "names must be letters, digits and _, 64 at most, not beginning with a digit",
            "字段名只能由字母、数字和 _ 组成,最多 64 个,且不能以数字开头",
        ),
        Form::DistinctName => ("names must differ", "名称不能重复"),
        Form::UncommonPassword => ("is too common a password", "密码过于常见"),
        Form::Cursor => ("must be the next_cursor of an earlier page", "必须是之前某页返回的 next_cursor"),
        Form::Pattern => ("must match the attribute's pattern", "必须符合该属性的格式"),
        Form::OneOf(words) => {
            let words = words.join(", ");
            return tongue
                .of(&format!("must be one of {words}"), &format!("必须是以下之一:{words}"))
                .to_owned();
        }
    };
    tongue.of(english, chinese).to_owned()
}
