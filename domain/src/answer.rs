//! One exchange as later steps and assertions see it: a request, its response, lazily parsed.
