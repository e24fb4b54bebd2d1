-- Which NSGs decide over which VM, so that one NSG's VMs are found without reading all. `linked_at` is the `at` of the
-- reading that the rows are of; where it differs, a version before these columns wrote the machine.
CREATE TABLE machine_nsgs (
    nsg TEXT NOT NULL,
    vm TEXT NOT NULL,
    subscription TEXT NOT NULL,
    PRIMARY KEY (nsg, vm, subscription)
);

CREATE INDEX machine_nsgs_by_vm ON machine_nsgs (vm, subscription);

ALTER TABLE machines ADD COLUMN linked_at BIGINT;

CREATE INDEX machines_by_link ON machines (subscription, linked_at, at, vm);
