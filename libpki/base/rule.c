#include "libpki/base/rule.h"

#include <string.h>

static const struct pki_rule_info rules[] = {
#define X(id, number, name, clause) { PKI_RULE_##id, name, clause },
	PKI_RULES(X)
#undef X
};

enum { RULE_COUNT = sizeof(rules) / sizeof(rules[0]) };

const struct pki_rule_info *
pki_rule_info(enum pki_rule rule)
{
	for (size_t i = 0; i < RULE_COUNT; i++)
		if (rules[i].rule == rule)
			return &rules[i];
	return &rules[0];
}

enum pki_rule
pki_rule_by_name(const char *name)
{
	for (size_t i = 0; i < RULE_COUNT; i++)
		if (strcmp(rules[i].name, name) == 0)
			return rules[i].rule;
	return PKI_RULE_NONE;
}
