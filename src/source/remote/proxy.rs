//! Which proxy leads to a server.

use super::url::Url;

/// The proxy for an address, as the environment names it (Go's `http.ProxyFromEnvironment`, and `ALL_PROXY`).
pub(super) fn of(url: &Url) -> Option<String> {
    if url.is_near() {
        return None;
    }
    let variable = |names: &[&str]| {
        names.iter().find_map(|name| std::env::var(name).ok()).filter(|text| !text.is_empty())
    };
    let proxy = if url.is_https {
        variable(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
    } else {
        // Not HTTP_PROXY where a web server runs programs: there it is a header of the request.
        variable(&["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
            .filter(|_| std::env::var_os("REQUEST_METHOD").is_none())
    }?;
    let except = variable(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    (!is_excepted(&except, url)).then_some(proxy)
}

/// Whether a list like `example.org,.internal,10.0.0.1,host:8080,*` names the host of an address.
fn is_excepted(list: &str, url: &Url) -> bool {
    let host = url.host.trim_start_matches('[').trim_end_matches(']');
    list.split(',').map(|part| part.trim().to_ascii_lowercase()).any(|part| {
        let (name, port) = match part.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') => (name.to_string(), port.parse().ok()),
            _ => (part.clone(), None),
        };
        let name = name.trim_start_matches("*.").trim_start_matches('.').to_string();
        let is_host =
            name == "*" || (!name.is_empty() && (host == name || host.ends_with(&format!(".{name}"))));
        is_host && port.is_none_or(|port: u16| port == url.port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_from_the_proxy_are_hosts_and_domains() {
        let url = Url::parse("https://charts.example.org:8443/x").unwrap();
        for list in
            ["*", "example.org", ".example.org", "*.example.org", "x, CHARTS.example.org", "example.org:8443"]
        {
            assert!(is_excepted(list, &url), "{list}");
        }
        for list in ["", "ample.org", "example.org:443", "charts"] {
            assert!(!is_excepted(list, &url), "{list}");
        }
    }
}
