//! JSON merge patch (RFC 7396).

use serde_json::{Map, Value};

/// `current` after `patch`: a `null` member removes, an object merges into an object, all else replaces.
pub fn merge(current: Option<&Map<String, Value>>, patch: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = current.cloned().unwrap_or_default();
    for (name, value) in patch {
        match value {
            Value::Null => {
                merged.remove(name);
            }
            Value::Object(members) => {
                let inner = merge(merged.get(name).and_then(Value::as_object), members);
                merged.insert(name.clone(), Value::Object(inner));
            }
            _ => {
                merged.insert(name.clone(), value.clone());
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn as_the_rfc_shows() {
        // RFC 7396, appendix A: the cases whose target and patch are objects.
        for (current, patch, merged) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
            (json!({"a": "b"}), json!({"a": {"c": 1, "d": null}}), json!({"a": {"c": 1}})),
            (json!({}), json!({"a": [null, {"b": null}]}), json!({"a": [null, {"b": null}]})),
        ] {
            let result = merge(current.as_object(), patch.as_object().unwrap());
            assert_eq!(Value::Object(result), merged, "{current} {patch}");
        }
        let patch = json!({"a": 1, "b": null});
        assert_eq!(Value::Object(merge(None, patch.as_object().unwrap())), json!({"a": 1}));
    }
}
