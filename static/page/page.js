// Page: the one script of every page; everything it does is also possible without it.

import { startCamera } from "./camera.js";
import { startChips } from "./chips.js";
import { startConditions } from "./conditions.js";
import { startCountdowns } from "./countdown.js";
import { startDrafts } from "./drafts.js";
import { startNavigation } from "./navigation.js";
import { startScripts } from "./script.js";
import { startStatus } from "./status.js";
import { startStorage } from "./storage.js";
import { startTaps } from "./taps.js";
import { startWorker } from "./worker.js";

const worker = startWorker();
startNavigation(worker);
startConditions();
startChips();
startCamera();
startScripts();
startDrafts();
startCountdowns();
startStatus();
startStorage();
startTaps();
