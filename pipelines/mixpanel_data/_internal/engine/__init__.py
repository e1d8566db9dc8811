"""What the engine `spark` needs beside the one that runs in this process."""
