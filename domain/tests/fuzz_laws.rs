//! The laws of the fuzz targets, on bounded numbers of inputs: seeds that are documents, references and bodies, cut,
//! spliced and mutated.

#[path = "../../fuzz/laws.rs"]
mod laws;

use proptest::prelude::*;

const SEEDS: &[&str] = &[
    include_str!("../../examples/checkout.yaml"),
    "@{{ login.body.items[-1][\"a b\"] | default(\"x\\n\") | hmac_sha256(secrets.KEY) }}",
    "@{{step1.headers.X|split(',')|first}}@@{{@{{random_int(-1, 5)}}",
    "body.a.0[\"\\u0041\"]['x']",
    "kind: collection\nversion: 1\nid: a\nvars: &v { x: 1 }\nsteps:\n- { id: b, request: { url: 'http://a/@{{vars.x}}' } }\n---\n<<: *v\n",
    "kind: collection\nversion: 1\nid: a\neach: [ { a: 1, b: [ x ] }, { a: null } ]\nsteps: [ { id: b, request: { url: 'http://a/@{{row.a}}', json: '@{{row.b[0] | default(row)}}' } } ]\n",
    "{\"body.a\":{\"matches\":\"^(a|b)+$\",\"all\":{\"gt\":1}}}\0{\"a\":[\"ab\",1.5e300]}",
    "{\"jsonpath\":{\"path\":\"$..[?@.a>1]\",\"length\":{\"gte\":1}}}\0{\"a\":2}",
    "{\"body\":{\"schema\":{\"type\":\"object\",\"$ref\":\"#\"}}}\0{}",
    "{\"value\":\"@{{vars.x}}\",\"in\":[1,\"a\"]}\0",
    "a b\0x/y?z#&=%\r\n\u{e9}",
    "//a[@b='c']/text() | count(//d)\0<a b='c'>x<![CDATA[y]]></a><table><td><b></table>",
    "sum(//x:y/@z) div -1\0<x:y xmlns:x='u' z='1'/>&amp;&lt;",
];

/// A seed with a piece of another in it, and some bytes changed.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let seed = || prop::sample::select(SEEDS);
    let cut = any::<prop::sample::Index>;
    let changes = prop::collection::vec((cut(), any::<u8>()), 0..4);
    let spliced = (seed(), seed(), cut(), cut(), cut(), changes);
    let spliced = spliced.prop_map(|(one, other, at, from, to, changes)| {
        let (one, other) = (one.as_bytes(), other.as_bytes());
        let (from, to) = (from.index(other.len()), to.index(other.len()));
        let at = at.index(one.len());
        let mut bytes = [&one[..at], &other[from.min(to)..from.max(to)], &one[at..]].concat();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    });
    prop_oneof![8 => spliced, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn no_bytes_break_the_reference_parser(bytes in bytes()) {
        laws::reference(&bytes);
    }

    #[test]
    fn no_bytes_break_the_reader_of_documents(bytes in bytes()) {
        laws::document(&bytes);
    }

    #[test]
    fn no_bytes_break_the_assertion_engine(bytes in bytes()) {
        laws::assertion(&bytes);
    }

    #[test]
    fn no_value_leaves_its_place_in_a_url(bytes in bytes()) {
        laws::url(&bytes);
    }

    #[test]
    fn no_body_and_no_query_break_xpath(bytes in bytes()) {
        laws::markup(&bytes);
    }
}
