/**
 * What a picture goes through inside the daemon, in order. `prepare`: read and scaled, on its capture thread; `wait`: for
 * the network; `inference`: in it; `track`: boxes, tracks and events; `total`: from being taken to having been looked at.
 */
export const pictureStages = ['prepare', 'wait', 'inference', 'track', 'total'] as const;
export type PictureStage = (typeof pictureStages)[number];
