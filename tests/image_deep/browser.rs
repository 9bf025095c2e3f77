//! Chromium with its sandbox on, in the units in which browsers run.

use std::fmt::Write as _;

use crate::machine::{machine, report};

/// What the page is when its script has run.
const PAGE: &str = "<html><head></head><body><p>of the page</p><script>document.write(6 * 7)</script>42</body></html>";

#[test]
fn it_shows_a_page_and_keeps_it_apart() {
    let Some(machine) = machine() else { return };
    for unit in ["runtime", "adspower"] {
        let says = machine.all(&format!("{unit} says"));
        assert_eq!(
            machine.answer(&format!("{unit} result")),
            "success",
            "{says:#?}"
        );
        assert!(says.contains(&PAGE), "{unit}: {says:#?}");
        // In namespaces of its own, and with a filter of system calls.
        let apart = machine.answer(&format!("{unit} renderer apart"));
        assert_eq!(apart, "yes", "{unit}: {says:#?}");
    }
}

/// The sandbox that is on needs namespaces: where a unit allows none, Chromium refuses to run.
#[test]
fn without_namespaces_it_refuses_to_run() {
    let Some(machine) = machine() else { return };
    let says = machine.all("without-namespaces says");
    assert_eq!(
        machine.answer("without-namespaces renderer apart"),
        "no",
        "{says:#?}"
    );
    let result = machine.answer("without-namespaces result");
    assert_ne!(result, "success", "{says:#?}");
    assert!(!says.contains(&PAGE), "{says:#?}");
    assert!(
        says.iter().any(|line| line.contains("sandbox")),
        "{says:#?}"
    );
    let mut text = format!(
        "\n## Chromium, with its sandbox on\n\n\
         {}, `--headless --dump-dom` of a page with a script, in place of the unit's own program.\n\n\
         | unit | result | page | renderer in namespaces of its own, filtered | seconds |\n\
         |---|---|---|---|---|\n",
        machine.answer("browser")
    );
    for (about, unit) in [
        ("runtime", "valet-runtime.service"),
        ("adspower", "valet-adspower.service"),
        (
            "without-namespaces",
            "valet-runtime.service with `RestrictNamespaces=yes`",
        ),
    ] {
        let of = |what: &str| machine.answer(&format!("{about} {what}"));
        let shown = machine.all(&format!("{about} says")).contains(&PAGE);
        let _ = writeln!(
            text,
            "| {unit} | {} | {} | {} | {} |",
            of("result"),
            if shown { "shown" } else { "not shown" },
            of("renderer apart"),
            of("seconds")
        );
    }
    report("40-browser.md", &text);
}
