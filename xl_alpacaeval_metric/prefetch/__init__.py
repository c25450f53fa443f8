"""What runs need from the Hub: named, downloaded, and checked on a machine without internet."""
