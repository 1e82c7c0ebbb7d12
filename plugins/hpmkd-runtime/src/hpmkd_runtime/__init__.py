"""Students of hpmkd, answered without hpmkd; its C kernel serves hpmkd as well."""
