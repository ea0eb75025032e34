//! Who receives what is asked: texts of restricted records leave the machine only to a receiver
//! that was named.

use crate::schema::ModelSpec;

/// Hosts other than this machine to which the models send what they are asked.
pub(crate) fn foreign_receivers<'a>(
    models: impl IntoIterator<Item = &'a ModelSpec>,
) -> Vec<String> {
    let mut hosts: Vec<String> = models
        .into_iter()
        .filter_map(|model| match model {
            ModelSpec::OpenAi(spec) => Some(host(spec.base_url.as_deref())),
            ModelSpec::Candle(_)
            | ModelSpec::Scripted { .. }
            | ModelSpec::Replay { .. }
            | ModelSpec::Trajectory(_) => None,
        })
        .filter(|host| !is_here(host))
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// The host of a base URL, or of the one in the environment, or of OpenAI.
fn host(url: Option<&str>) -> String {
    let from_environment = || std::env::var("OPENAI_BASE_URL").ok();
    let url = url
        .map(str::to_owned)
        .or_else(|| from_environment().filter(|url| !url.is_empty()))
        .unwrap_or_else(|| "https://api.openai.com/v1".to_owned());
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.to_lowercase()
}

/// Whether a host is this machine: told by address alone, since a name can lead anywhere.
fn is_here(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_from_urls_of_every_form() {
        for (url, expected, here) in [
            ("http://127.0.0.1:8080/v1", "127.0.0.1", true),
            ("http://LOCALHOST/v1", "localhost", true),
            ("http://[::1]:9/v1", "::1", true),
            ("https://api.example.org/v1", "api.example.org", false),
            ("http://127.0.0.1@evil.org/v1", "evil.org", false),
            ("http://127.0.0.1.evil.org", "127.0.0.1.evil.org", false),
        ] {
            assert_eq!(host(Some(url)), expected);
            assert_eq!(is_here(&host(Some(url))), here, "{url}");
        }
    }
}
