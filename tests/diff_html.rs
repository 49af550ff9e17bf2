//! The HTML report in a real browser. These tests skip themselves where none is installed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "support/hostile_review.rs"]
mod hostile_review;
#[path = "support/sample_review.rs"]
#[allow(dead_code)]
mod sample_review;

use std::path::PathBuf;

use browser::Browser;
use torii::diff::{Review, report};

/// A browser with the page of these reviews.
fn open(name: &str, reviews: &[Review]) -> Option<Browser> {
    let page = report::html(reviews, &report::html::Options::default());
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, page).expect("the page can be written");
    match browser::installed() {
        Some(browser) => Some(Browser::open(browser, &file)),
        None => {
            println!("skipped: no browser is installed ({} is written)", file.display());
            None
        }
    }
}

const NAME: &str = "e.querySelector('.name b').textContent";

fn objects(browser: &mut Browser) -> Vec<String> {
    browser.seen(".object", "e.dataset.kind")
}

#[test]
fn filters_hide_what_does_not_match() {
    let Some(mut browser) = open("review-filters.html", &[sample_review::review()]) else { return };
    let all = objects(&mut browser);
    assert_eq!(all.len(), 7);
    assert_eq!(browser.eval("document.getElementById('shown').textContent"), "7 objects");

    // By text, from the keyboard; the page itself has it in another object's folded part, too.
    browser.keys("/");
    browser.keys("15443 tls");
    assert_eq!(objects(&mut browser), ["Service"]);
    assert_eq!(browser.eval("document.getElementById('shown').textContent"), "1 of 7 objects");
    browser.key("Escape", 27);
    assert_eq!(objects(&mut browser), all);

    // By what is chosen.
    let choose = |browser: &mut Browser, id: &str, keys: &str| {
        browser.eval(&format!("document.getElementById('{id}').focus()"));
        browser.keys(keys);
    };
    choose(&mut browser, "effect", "tr");
    assert_eq!(browser.eval("document.getElementById('effect').value"), "traffic");
    assert_eq!(objects(&mut browser), ["NetworkPolicy", "Service"]);
    choose(&mut browser, "kind", "Ser");
    assert_eq!(objects(&mut browser), ["Service"]);
    choose(&mut browser, "change", "rem");
    assert_eq!(objects(&mut browser), [""; 0]);
    assert_eq!(browser.seen(".nothing", "e.textContent"), ["No object matches the filter."]);
    assert_eq!(browser.eval("document.getElementById('shown').textContent"), "0 of 7 objects");
}

#[test]
fn objects_collapse_and_expand_by_mouse_and_keyboard() {
    let Some(mut browser) = open("review-collapse.html", &[sample_review::review()]) else { return };
    let bodies = |browser: &mut Browser| browser.seen(".object .body", "'x'").len();
    assert_eq!(bodies(&mut browser), 7);
    browser.click("#collapse");
    assert_eq!((bodies(&mut browser), objects(&mut browser).len()), (0, 7));
    browser.click(".object[data-kind=Service] > summary");
    assert_eq!(bodies(&mut browser), 1);
    assert_eq!(browser.seen(".object[open]", NAME), ["gateway"]);
    browser.eval("document.querySelector('.object[data-kind=Role] > summary').focus()");
    browser.call(
        "Input.dispatchKeyEvent",
        serde_json::json!({"type": "keyDown", "key": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}),
    );
    assert_eq!(bodies(&mut browser), 2);
    browser.click("#expand");
    assert_eq!(bodies(&mut browser), 7);
}

#[test]
fn old_and_new_stand_below_or_beside_each_other() {
    let Some(mut browser) = open("review-split.html", &[sample_review::review()]) else { return };
    let places = |browser: &mut Browser| {
        browser.eval(
            "(() => { const row = document.querySelector('.object[data-kind=Deployment] .row'); \
             const at = c => { const r = row.querySelector(c).getBoundingClientRect(); return [r.left, r.top]; }; \
             return {left: at('.new')[0] - at('.old')[0], top: at('.new')[1] - at('.old')[1]}; })()",
        )
    };
    let inline = places(&mut browser);
    assert!(inline["left"] == 0 && inline["top"].as_f64() > Some(0.0), "{inline}");
    browser.click("#split");
    let split = places(&mut browser);
    assert!(split["left"].as_f64() > Some(100.0) && split["top"] == 0, "{split}");
    assert_eq!(browser.eval("document.getElementById('split').getAttribute('aria-pressed')"), "true");
    browser.click("#inline");
    assert_eq!(places(&mut browser), inline);
}

#[test]
fn dark_is_as_the_system_says_until_the_reader_says_otherwise() {
    let Some(mut browser) = open("review-dark.html", &[sample_review::review()]) else { return };
    let ground = |browser: &mut Browser| browser.eval("getComputedStyle(document.body).backgroundColor");
    let scheme = |browser: &mut Browser, value: &str| {
        let features = serde_json::json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        browser.call("Emulation.setEmulatedMedia", features);
    };
    scheme(&mut browser, "light");
    let light = ground(&mut browser);
    scheme(&mut browser, "dark");
    let dark = ground(&mut browser);
    assert_ne!(light, dark);
    browser.click("#theme");
    assert_eq!(ground(&mut browser), light);
    browser.click("#theme");
    assert_eq!(ground(&mut browser), dark);
}

#[test]
fn the_page_asks_for_nothing_and_keeps_its_policy() {
    let Some(mut browser) = open("review-quiet.html", &[sample_review::review()]) else { return };
    browser.click("#split");
    browser.eval("new Promise(done => setTimeout(done, 200))");
    let requests: Vec<_> = browser
        .events
        .iter()
        .filter(|event| event["method"] == "Network.requestWillBeSent")
        .map(|event| event["params"]["request"]["url"].as_str().unwrap_or_default().to_string())
        .collect();
    assert!(
        requests.iter().all(|url| url.starts_with("file:") && url.ends_with("review-quiet.html")),
        "{requests:?}"
    );
    let complaints: Vec<_> = browser
        .events
        .iter()
        .filter(|e| e["method"] == "Log.entryAdded" || e["method"] == "Runtime.exceptionThrown")
        .collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    // The policy is in force: what is put into the page doesn't run.
    browser.eval(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.planted = 1'; \
         document.body.append(s); document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.planted = 2\">'); })()",
    );
    browser.eval("new Promise(done => setTimeout(done, 200))");
    assert_eq!(browser.eval("typeof window.planted"), "undefined");
}

#[test]
fn planted_markup_does_nothing() {
    let texts: Vec<String> = hostile_review::PIECES.iter().map(|piece| format!("x{piece}y")).collect();
    // Reviews of several lengths, so that each text comes to stand in many places.
    let reviews: Vec<Review> = [1, 7, 20].iter().map(|n| hostile_review::review(&texts, *n)).collect();
    let Some(mut browser) = open("review-hostile.html", &reviews) else { return };
    browser.click("#expand");
    browser.click("#split");
    browser.eval("new Promise(done => setTimeout(done, 300))");
    assert_eq!(browser.eval("typeof window.planted"), "undefined");
    assert_eq!(browser.eval("document.scripts.length"), 1);
    assert_eq!(browser.eval("document.querySelectorAll('img,iframe,object,embed,link,form,base').length"), 0);
    assert_eq!(browser.eval("document.querySelectorAll('.object').length"), 28);
    let loud =
        |e: &&serde_json::Value| e["method"] == "Log.entryAdded" || e["method"] == "Runtime.exceptionThrown";
    // Nothing even had to be stopped by the page's policy.
    assert_eq!(browser.events.iter().find(loud), None);
}
