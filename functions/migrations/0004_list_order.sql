-- What the list of VMs is ordered and grouped by: the name in lower case, and the resource group as it is spelled.
ALTER TABLE machines ADD COLUMN name TEXT;
ALTER TABLE machines ADD COLUMN resource_group TEXT;

CREATE INDEX machines_by_name ON machines (subscription, name, vm);

-- All are labelled anew, so that they get these too.
UPDATE machines SET label = NULL;
