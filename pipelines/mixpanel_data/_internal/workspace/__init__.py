"""The parts of :class:`mixpanel_data.Workspace`."""
