//! What an operator may set about outgoing requests.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// `[outbound]`. By default nothing beyond global unicast addresses may be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Further blocks that the address policy lets through: a list, or one comma-separated text as in
    /// `SKOPOS__OUTBOUND__ALLOW`. An address without a prefix length stands for itself.
    #[serde(deserialize_with = "read_blocks", serialize_with = "write_blocks")]
    pub allow: Vec<IpNet>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Blocks {
    Text(String),
    List(Vec<String>),
}

fn read_blocks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let blocks = match Blocks::deserialize(deserializer)? {
        Blocks::Text(text) => text.split(',').map(str::to_owned).collect(),
        Blocks::List(list) => list,
    };
    let blocks = blocks.iter().map(|block| block.trim()).filter(|block| !block.is_empty());
    blocks
        .map(|block| parse(block).ok_or_else(|| D::Error::custom(format!("`{block}` is not a CIDR block"))))
        .collect()
}

fn parse(block: &str) -> Option<IpNet> {
    block.parse().ok().or_else(|| block.parse().ok().map(|address: std::net::IpAddr| IpNet::from(address)))
}

fn write_blocks<S: Serializer>(blocks: &[IpNet], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(blocks.iter().map(ToString::to_string))
}

#[cfg(test)]
mod tests {
    use serde::de::{
        IntoDeserializer,
        value::{Error, MapDeserializer},
    };

    use super::*;

    fn read(text: &str) -> Result<Config, Error> {
        Config::deserialize(MapDeserializer::new([("allow", text)].into_iter()).into_deserializer())
    }

    #[test]
    fn allow_list_is_one_comma_separated_text() {
        let config = read("127.0.0.0/8, ::1,").unwrap();
        assert_eq!(config.allow, ["127.0.0.0/8".parse().unwrap(), "::1/128".parse::<IpNet>().unwrap()]);
        assert_eq!(read("").unwrap(), Config::default());
    }

    #[test]
    fn allow_list_names_the_entry_that_is_no_block() {
        assert_eq!(read("10.0.0.0/8,intranet").unwrap_err().to_string(), "`intranet` is not a CIDR block");
    }
}
