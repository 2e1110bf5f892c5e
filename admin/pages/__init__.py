"""The web view: each module draws some pages, `table` says where they are and who may see them."""
