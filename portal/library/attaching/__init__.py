"""Files that belong to a post: material of the group like any other, shown as cards under the post."""
