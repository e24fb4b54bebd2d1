-- Whether a policy lacks its name is asked whenever a store is opened.
CREATE INDEX policies_unnamed ON policies (policy_key, subscription);
