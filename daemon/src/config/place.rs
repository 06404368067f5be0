//! `[place]`: where the gateway stands, as `request.cf` tells Workers that may know.

use super::document::Document;
use serde::Serialize;
use toml::Spanned;

/// Bytes of one setting.
const TEXT_MAX: usize = 64;
/// Members of the European Union, as ISO 3166 names them.
const EUROPEAN_UNION: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawPlace {
    name: Option<Spanned<String>>,
    continent: Option<Spanned<String>>,
    country: Option<Spanned<String>>,
    region: Option<Spanned<String>>,
    region_code: Option<Spanned<String>>,
    city: Option<Spanned<String>>,
    postal_code: Option<Spanned<String>>,
    timezone: Option<Spanned<String>>,
    latitude: Option<Spanned<String>>,
    longitude: Option<Spanned<String>>,
}

/// Where the gateway stands. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    /// The gateway's own name: `colo`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Two letters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub continent: String,
    /// Two letters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Its code within the country.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region_code: String,
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
    /// As it is written there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub postal_code: String,
    /// For instance `Europe/Berlin`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub timezone: String,
    /// Degrees north.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub latitude: String,
    /// Degrees east.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub longitude: String,
}

impl Place {
    /// The fields of `request.cf`, as JSON without braces.
    pub fn fields(&self) -> String {
        let mut fields = serde_json::Map::new();
        for (name, value) in [
            ("colo", &self.name),
            ("continent", &self.continent),
            ("country", &self.country),
            ("region", &self.region),
            ("regionCode", &self.region_code),
            ("city", &self.city),
            ("postalCode", &self.postal_code),
            ("timezone", &self.timezone),
            ("latitude", &self.latitude),
            ("longitude", &self.longitude),
        ] {
            if !value.is_empty() {
                fields.insert(name.to_owned(), value.as_str().into());
            }
        }
        if EUROPEAN_UNION.contains(&self.country.as_str()) {
            fields.insert("isEUCountry".to_owned(), "1".into());
        }
        let text = serde_json::Value::Object(fields).to_string();
        text[1..text.len() - 1].to_owned()
    }
}

pub(super) fn check(document: &mut Document<'_>, raw: RawPlace) -> Place {
    let mut text = |value: Option<Spanned<String>>, fits: fn(&str) -> bool, remedy: &str| {
        let Some(value) = value else {
            return String::new();
        };
        let short =
            value.get_ref().len() <= TEXT_MAX && !value.get_ref().contains(char::is_control);
        if !short || !fits(value.get_ref()) {
            document.problem(
                Some(value.span()),
                format!("`{:.80}` does not fit here", value.get_ref()),
                remedy,
            );
        }
        value.into_inner()
    };
    let any = "write at most 64 bytes without control characters";
    let letters = |text: &str| text.len() == 2 && text.bytes().all(|it| it.is_ascii_uppercase());
    let degrees = |text: &str| {
        text.parse::<f64>()
            .is_ok_and(|degrees| degrees.abs() <= 180.0)
    };
    Place {
        name: text(raw.name, |_| true, any),
        continent: text(raw.continent, letters, "write two capitals, as \"EU\""),
        country: text(raw.country, letters, "write two capitals, as \"DE\""),
        region: text(raw.region, |_| true, any),
        region_code: text(raw.region_code, |_| true, any),
        city: text(raw.city, |_| true, any),
        postal_code: text(raw.postal_code, |_| true, any),
        timezone: text(raw.timezone, |_| true, any),
        latitude: text(raw.latitude, degrees, "write degrees as text, as \"52.52\""),
        longitude: text(
            raw.longitude,
            degrees,
            "write degrees as text, as \"13.40\"",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_told() {
        let place = Place {
            name: "GW\"1".to_owned(),
            country: "DE".to_owned(),
            ..Place::default()
        };
        let told = r#""colo":"GW\"1","country":"DE","isEUCountry":"1""#;
        assert_eq!(place.fields(), told);
        assert_eq!(Place::default().fields(), "");
    }
}
