/** Types and settings. */
export const AP_HELP: readonly string[] = [
  'one type; assign_adapter, assign_domain, assign_control_domain, ap_config are its files',
  'card=AA:CEX8C   a card at adapter AA, CEX4 to CEX8, A accelerator or C coprocessor; repeatable;',
  '                the adapters that are assigned, as CEX8C, when left out',
  'domains=A-B,C   usage domains of the machine; those that are assigned when left out',
  'apmask=, aqmask=  what stays with the host, as /sys/bus/ap/apmask takes it; nothing when left out',
  'instruction_port=on  a region by which a client sends requests; off when left out',
  'workers=N       threads that compute; 2 when left out',
  'devices that are served together share the machine: cards, domains and masks of their definitions add up,',
  'and the last two have to agree',
];
