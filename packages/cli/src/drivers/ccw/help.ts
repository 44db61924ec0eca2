/** Types and settings. */
export const CCW_HELP: readonly string[] = [
  'ccw:dasd  image=FILE      a 3390, on an image as Hercules has them; vfio-ts ccw init makes one',
  '          readonly=on     nothing is written, others may read it as well',
  '          serial=S        up to 12 letters and digits',
  '          ese=on          a space-efficient volume: dasdfmt may release space, and Linux formats',
  '                          tracks as it writes them',
  '          prefix=on       Linux uses the Prefix command for all it does',
  'ccw:3270  port=N host=H   a display station; where a terminal connects, any port of 127.0.0.1',
  '                          when left out',
  'ccw:tape  file=FILE       a 3490 with the tape in an AWSTAPE file, a new one where there is none;',
  '                          readonly=on as above',
  'all have devno=0.0.1234 or devno=1234; definitions say device=dasd, device=3270 or device=tape',
];
