//! Which proxy leads to a server.

use std::net::IpAddr;

use super::url::Url;

/// The proxy for an address, as the environment names it (Go's `http.ProxyFromEnvironment`, and `ALL_PROXY`).
pub(super) fn of(url: &Url) -> Option<String> {
    if url.is_near() {
        return None;
    }
    let variable = |names: &[&str]| {
        names.iter().find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty()))
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

/// Whether a list like `example.org,.internal,10.0.0.1,10.0.0.0/8,host:8080,*` names the host of an address. Networks
/// are for addresses that are numbers: no name is looked up, as in Go.
fn is_excepted(list: &str, url: &Url) -> bool {
    let host = url.host.trim_start_matches('[').trim_end_matches(']');
    let number: Option<IpAddr> = host.parse().ok();
    list.split(',').map(|part| part.trim().to_ascii_lowercase()).any(|part| {
        if let Some(network) = part.split_once('/') {
            return number.is_some_and(|number| is_within(number, network));
        }
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

/// Whether a number is in a network: its address, and how many bits of it count.
fn is_within(number: IpAddr, (network, length): (&str, &str)) -> bool {
    let (number, network, bits) = match (number, network.parse()) {
        (IpAddr::V4(a), Ok(IpAddr::V4(b))) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), Ok(IpAddr::V6(b))) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let Some(free) = length.parse().ok().and_then(|length: u32| u32::checked_sub(bits, length)) else {
        return false;
    };
    (number ^ network).checked_shr(free).unwrap_or(0) == 0
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
        for list in ["", "ample.org", "example.org:443", "charts", "0.0.0.0/0"] {
            assert!(!is_excepted(list, &url), "{list}");
        }
    }

    #[test]
    fn networks_are_exceptions_for_addresses_that_are_numbers() {
        for (host, list, is) in [
            ("10.1.2.3", "10.0.0.0/8", true),
            ("10.1.2.3", "x, 10.1.2.3/32", true),
            ("10.1.2.3", "0.0.0.0/0", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("10.1.2.3", "10.0.0.0/33", false),
            ("10.1.2.3", "10.0.0.0/", false),
            ("10.1.2.3", "fd00::/8", false),
            ("[fd00::1]", "fd00::/8", true),
            ("[fd00::1]", "::/0", true),
            ("[fe00::1]", "fd00::/8", false),
        ] {
            let url = Url::parse(&format!("http://{host}/")).unwrap();
            assert_eq!(is_excepted(list, &url), is, "{host} {list}");
        }
    }
}
