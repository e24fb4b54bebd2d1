//! What the network provider checks of a security rule before it takes it.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::call::Call;
use super::prefix::{self, Prefix};
use super::write::{bad_request, require_linked};
use crate::reply::Reply;
use crate::world::children;

const MAX_RULES: usize = 1_000;
const MAX_PREFIXES: usize = 4_000;
const MAX_DESCRIPTION: usize = 140;

const TEXTS: [&str; 9] = [
    "description",
    "protocol",
    "access",
    "direction",
    "sourcePortRange",
    "destinationPortRange",
    "sourceAddressPrefix",
    "destinationAddressPrefix",
    "provisioningState",
];
const TEXT_LISTS: [&str; 4] =
    ["sourcePortRanges", "destinationPortRanges", "sourceAddressPrefixes", "destinationAddressPrefixes"];
const REFERENCES: [&str; 2] = ["sourceApplicationSecurityGroups", "destinationApplicationSecurityGroups"];

/// Who writes a rule must be allowed to use the application security groups in it.
pub(super) fn require_groups(call: &Call<'_>, properties: &Value) -> Result<(), Reply> {
    let groups = REFERENCES.iter().filter_map(|field| properties[*field].as_array()).flatten();
    let mut ids = groups.filter_map(|group| group["id"].as_str());
    ids.try_for_each(|id| require_linked(call, id, "joinNetworkSecurityRule/action"))
}

pub(super) fn require_rule_name(name: &str) -> Result<&str, Reply> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let starts = name.chars().next().is_some_and(char::is_alphanumeric);
    let ends = name.chars().last().is_some_and(is_word);
    let fits = name.chars().count() <= 80 && name.chars().all(|c| is_word(c) || c == '.' || c == '-');
    if starts && ends && fits {
        return Ok(name);
    }
    let message = format!(
        "Resource name {name} is invalid. The name can be up to 80 characters long. It must begin with a word \
         character, and it must end with a word character or with '_'. The name may contain word characters or '.', \
         '-', '_'."
    );
    Err(bad_request("InvalidResourceName", message))
}

/// The properties of a rule in their normal spelling, if the provider would take them.
pub(super) fn checked_properties(name: &str, body: &Value) -> Result<Value, Reply> {
    let given =
        body["properties"].as_object().ok_or_else(|| format_error("'properties' must be an object"))?;
    let mut properties = Map::new();
    for (field, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        require_type(field, value)?;
        properties.insert(field.clone(), value.clone());
    }
    properties.remove("provisioningState");
    normalise(&mut properties, "protocol", &["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"])?;
    normalise(&mut properties, "access", &["Allow", "Deny"])?;
    normalise(&mut properties, "direction", &["Inbound", "Outbound"])?;
    require_priority(&properties)?;
    require_description(&properties)?;
    for side in ["source", "destination"] {
        require_ports(name, &properties, side)?;
        require_prefixes(name, &properties, side)?;
    }
    require_one_family(name, &properties)?;
    for list in TEXT_LISTS {
        properties.entry(list).or_insert_with(|| Value::Array(Vec::new()));
    }
    Ok(Value::Object(properties))
}

fn require_type(field: &str, value: &Value) -> Result<(), Reply> {
    let is_fine = if TEXTS.contains(&field) {
        value.is_string()
    } else if TEXT_LISTS.contains(&field) {
        value.as_array().is_some_and(|list| list.iter().all(Value::is_string))
    } else if REFERENCES.contains(&field) {
        value.as_array().is_some_and(|list| list.iter().all(|entry| entry["id"].is_string()))
    } else if field == "priority" {
        value.is_i64()
    } else {
        let message =
            format!("Could not find member '{field}' on object of type 'SecurityRulePropertiesFormat'");
        return Err(format_error(&message));
    };
    if is_fine { Ok(()) } else { Err(format_error(&format!("The value of '{field}' has the wrong type"))) }
}

fn normalise(properties: &mut Map<String, Value>, field: &str, allowed: &[&str]) -> Result<(), Reply> {
    let Some(value) = properties.get(field).and_then(Value::as_str) else {
        return Err(format_error(&format!("Required property '{field}' not found in JSON")));
    };
    let Some(normal) = allowed.iter().find(|one| one.eq_ignore_ascii_case(value)) else {
        let message = format!("The value '{value}' of '{field}' is none of {}", allowed.join(", "));
        return Err(format_error(&message));
    };
    properties.insert(field.to_owned(), Value::from(*normal));
    Ok(())
}

fn require_priority(properties: &Map<String, Value>) -> Result<(), Reply> {
    let Some(priority) = properties.get("priority").and_then(Value::as_i64) else {
        return Err(format_error("Required property 'priority' not found in JSON"));
    };
    if (100..=4096).contains(&priority) {
        return Ok(());
    }
    let message =
        format!("Security rule has invalid Priority. Value provided: {priority}. Allowed range 100-4096.");
    Err(bad_request("SecurityRuleInvalidPriority", message))
}

fn require_description(properties: &Map<String, Value>) -> Result<(), Reply> {
    let length = properties.get("description").and_then(Value::as_str).map_or(0, |text| text.chars().count());
    if length <= MAX_DESCRIPTION {
        return Ok(());
    }
    let message = format!("The description has {length} characters; at most {MAX_DESCRIPTION} are allowed.");
    Err(bad_request("SecurityRuleDescriptionTooLong", message))
}

fn require_ports(name: &str, properties: &Map<String, Value>, side: &str) -> Result<(), Reply> {
    let (one, several) = both(properties, &format!("{side}PortRange"), &format!("{side}PortRanges"));
    require_one_form(name, &format!("{side}PortRange"), &one, &several, false)?;
    let is_bad = |(text, any): &(&str, bool)| !prefix::is_port_range(text, *any);
    let all = one.iter().map(|text| (*text, true)).chain(several.iter().map(|text| (*text, false)));
    let Some((text, _)) = all.into_iter().find(is_bad) else { return Ok(()) };
    let message = format!(
        "Security rule has invalid Port range. Value provided: {text}. Value should be an integer OR integer range \
         with '-' delimiter. Valid range 0-65535."
    );
    Err(bad_request("SecurityRuleInvalidPortRange", message))
}

fn require_prefixes(name: &str, properties: &Map<String, Value>, side: &str) -> Result<(), Reply> {
    let (one, several) = both(properties, &format!("{side}AddressPrefix"), &format!("{side}AddressPrefixes"));
    let groups = properties.get(&format!("{side}ApplicationSecurityGroups")).and_then(Value::as_array);
    let has_groups = groups.is_some_and(|groups| !groups.is_empty());
    require_one_form(name, &format!("{side}AddressPrefix"), &one, &several, has_groups)?;
    let is_bad = |text: &&str, alone: bool| match prefix::parse(text) {
        None => true,
        Some(Prefix::Any) => !alone,
        Some(_) => false,
    };
    let bad = one.iter().find(|text| is_bad(text, true)).or(several.iter().find(|text| is_bad(text, false)));
    let Some(text) = bad else { return Ok(()) };
    let message = format!("Security rule has invalid Address prefix. Value provided: {text}");
    Err(bad_request("SecurityRuleInvalidAddressPrefix", message))
}

/// Exactly one of singular and plural must be given; neither where application security groups take their place.
fn require_one_form(
    name: &str,
    field: &str,
    one: &[&str],
    several: &[&str],
    other: bool,
) -> Result<(), Reply> {
    let forms = usize::from(!one.is_empty()) + usize::from(!several.is_empty()) + usize::from(other);
    if forms == 1 {
        return Ok(());
    }
    let what = if forms == 0 { "needs one of" } else { "cannot have both" };
    let message = format!("Security rule {name} {what} {field} and its plural form.");
    Err(bad_request("SecurityRuleParameterConflict", message))
}

fn require_one_family(name: &str, properties: &Map<String, Value>) -> Result<(), Reply> {
    let texts = ["source", "destination"].into_iter().flat_map(|side| prefixes(properties, side));
    let families: Vec<Prefix> = texts.filter_map(prefix::parse).collect();
    if !(families.contains(&Prefix::V4) && families.contains(&Prefix::V6)) {
        return Ok(());
    }
    let message = format!("Security rule {name} mixes IPv4 and IPv6 address prefixes.");
    Err(bad_request("SecurityRuleAddressFamilyMismatch", message))
}

/// What the rule must fit into: the other rules of its NSG.
pub(super) fn require_fits(nsg: &Value, name: &str, properties: &Value) -> Result<(), Reply> {
    let is_other = |rule: &&Value| rule["name"].as_str().is_none_or(|own| !own.eq_ignore_ascii_case(name));
    let others: Vec<&Value> = children(nsg, "securityRules").iter().filter(is_other).collect();
    let key = |properties: &Value| {
        (properties["priority"].as_i64(), properties["direction"].as_str().map(str::to_owned))
    };
    if let Some(rival) = others.iter().find(|rule| key(&rule["properties"]) == key(properties)) {
        let message = format!(
            "Security rule {name} conflicts with rule {}. Rules cannot have the same Priority and Direction.",
            rival["name"].as_str().unwrap_or_default(),
        );
        return Err(Reply::error(StatusCode::CONFLICT, "SecurityRuleConflict", message));
    }
    if others.len() >= MAX_RULES {
        let message = format!("The network security group already has {MAX_RULES} security rules.");
        return Err(bad_request("SecurityRuleLimitExceeded", message));
    }
    for side in ["source", "destination"] {
        let of = |rule: &Value| rule.as_object().map_or(0, |properties| prefixes(properties, side).count());
        let count = of(properties) + others.iter().map(|rule| of(&rule["properties"])).sum::<usize>();
        if count > MAX_PREFIXES {
            let message =
                format!("The rules would have {count} {side} prefixes; at most {MAX_PREFIXES} are allowed.");
            return Err(bad_request("SecurityRuleAddressPrefixLimitExceeded", message));
        }
    }
    Ok(())
}

fn prefixes<'a>(properties: &'a Map<String, Value>, side: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let (one, several) = both(properties, &format!("{side}AddressPrefix"), &format!("{side}AddressPrefixes"));
    one.into_iter().chain(several)
}

/// The values in the singular and in the plural form; an empty text counts as absent.
fn both<'a>(properties: &'a Map<String, Value>, one: &str, several: &str) -> (Vec<&'a str>, Vec<&'a str>) {
    let one = properties.get(one).and_then(Value::as_str).filter(|text| !text.is_empty());
    let several = properties.get(several).and_then(Value::as_array).into_iter().flatten();
    (one.into_iter().collect(), several.filter_map(Value::as_str).collect())
}

fn format_error(detail: &str) -> Reply {
    bad_request("InvalidRequestFormat", format!("Cannot parse the request. {detail}."))
}
