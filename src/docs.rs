//! The manual, one module a page. It exists in the documentation only.
//!
//! Its pages link to items of most features. Without the features `std` and `webpki-roots`, each
//! page says where to read it.

/// A page: the name of its module, and its file in `docs/`. The doctests of a page that names its
/// `tests` are in that package, which has the crates that the page is about. `pictures` of
/// `docs/pictures/rustdoc` end the page.
macro_rules! page {
    ($name:ident, $file:literal) => {
        page!($name, $file, [], all());
    };
    ($name:ident, $file:literal, pictures = $pictures:tt) => {
        page!($name, $file, $pictures, all());
    };
    ($name:ident, $file:literal, tests = $package:literal) => {
        page!($name, $file, [], not(doctest));
    };
    ($name:ident, $file:literal, [$($picture:literal),*], $condition:meta) => {
        #[cfg_attr(
            all(feature = "std", feature = "webpki-roots", $condition),
            doc = include_str!(concat!("../docs/", $file))
        )]
        #[cfg_attr(
            not(all(feature = "std", feature = "webpki-roots")),
            doc = concat!(
                "This page links to items that this build lacks. Read it ",
                "[on docs.rs](https://docs.rs/wantwrite/latest/wantwrite/docs/", stringify!($name),
                "/index.html), or as `docs/", $file, "` in the repository."
            )
        )]
        $(
            #[doc = ""]
            #[doc = include_str!(concat!("../docs/pictures/rustdoc/", $picture, ".md"))]
        )*
        pub mod $name {}
    };
}

page!(event_loops, "event-loops.md", pictures = ["driver"]);
page!(runtimes, "runtimes.md", tests = "tests/published");
page!(coming_from_ssl_write, "ssl-write.md");
page!(coming_from_bio_pairs, "coming-from/bio-pairs.md");
page!(coming_from_rustls, "coming-from/rustls.md");
page!(coming_from_s2n_tls, "coming-from/s2n-tls.md");
page!(coming_from_mbedtls, "coming-from/mbedtls.md");
page!(back_pressure_and_memory, "memory.md", pictures = ["memory"]);
page!(key_updates_and_limits, "key-updates.md");
page!(sizes_and_padding, "sizes.md", pictures = ["record", "coalescing"]);
page!(early_data, "early-data.md");
page!(exporters, "exporters.md");
page!(late_decisions, "late-decisions.md");
page!(other_providers, "providers.md");
page!(deterministic_simulation, "simulation.md", tests = "examples/tokio_turmoil");
page!(other_programs, "peers.md");
page!(from_c, "c.md");
page!(no_libc, "no-libc.md");
page!(questions, "faq.md");
page!(glossary, "glossary.md");
