"""Which of AWS's own firewall rules refuse, by the labels that they put on a request. Standard library only.

Only what is listed refuses: the groups themselves count, because AWS answers for them with a page of HTML, and a rule of
ours that comes after them answers in the shop's shape. Labels: AWS WAF Developer Guide, "AWS Managed Rules rule groups list".
"""

LABELS = "awswaf:managed:aws:"
MANAGED = {
    # Not refused: bodies (their contents are JSON that the shop reads strictly, binds to its queries and escapes when it
    # shows them; a password may well look like SQL, and a description like HTML, a path or a link), bodies above 8 KiB
    # (the shop takes 1 MiB), and programs without a User-Agent (this is an API).
    "CommonRuleSet": tuple(
        f"core-rule-set:{rule}"
        for rule in (
            "BadBots_Header",
            "SizeRestrictions_QueryString",
            "SizeRestrictions_Cookie_Header",
            "SizeRestrictions_URIPath",
            *(f"EC2MetaDataSSRF_{part}" for part in ("Cookie", "URIPath", "QueryArguments")),
            *(f"GenericLFI_{part}" for part in ("URIPath", "QueryArguments")),
            *(f"RestrictedExtensions_{part}" for part in ("URIPath", "QueryArguments")),
            *(f"GenericRFI_{part}" for part in ("URIPath", "QueryArguments")),
            *(f"CrossSiteScripting_{part}" for part in ("Cookie", "URIPath", "QueryArguments")),
        )
    ),
    "KnownBadInputsRuleSet": ("known-bad-inputs:",),  # a namespace: every rule, those for bodies too
    "SQLiRuleSet": tuple(
        f"sql-database:{rule}"
        for rule in (
            "SQLi_Cookie",
            "SQLi_URIPath",
            "SQLi_QueryArguments",
            "SQLiExtendedPatterns_QueryArguments",
        )
    ),
    # Not the list of addresses that took part in floods: AWS itself only counts those.
    "AmazonIpReputationList": tuple(
        f"amazon-ip-list:{rule}" for rule in ("AWSManagedIPReputationList", "AWSManagedReconnaissanceList")
    ),
}
"""Groups (without ``AWSManagedRules``), and their labels that refuse; one that ends with a colon is a namespace."""
